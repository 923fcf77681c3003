/** The HTTP client for calls to the coordinator. */
package dtc.participant.coordinator;
