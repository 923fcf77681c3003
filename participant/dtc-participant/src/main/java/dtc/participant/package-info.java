/**
 * Services with tables of their own that take part in transactions. Begin with {@link dtc.participant.DtcParticipant}.
 */
package dtc.participant;
