/**
 * Transactions for Spring Boot. A client uses {@link dtc.spring.DistributedTransaction} or injects
 * {@link dtc.client.DtcClient}. A service injects {@link dtc.participant.DtcParticipant}, and has beans of the type
 * {@link dtc.participant.WorkHandler}, whose names are those of the work.
 */
package dtc.spring;
