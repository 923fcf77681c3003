/**
 * Transactions for Quarkus. A client uses {@link dtc.quarkus.DistributedTransaction} or injects
 * {@link dtc.client.DtcClient}. A service injects {@link dtc.participant.DtcParticipant}, and has beans of the type
 * {@link dtc.participant.WorkHandler} with a name.
 */
package dtc.quarkus;
