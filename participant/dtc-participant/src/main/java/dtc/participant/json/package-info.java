/** The little JSON that the protocol needs, over the streaming parser of Jackson. */
package dtc.participant.json;
