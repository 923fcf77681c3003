/** The HTTP interface of a resource manager, independent of any framework. */
package dtc.participant.http;
