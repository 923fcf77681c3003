package dtc.participant;

import java.time.Duration;

/**
 * For health checks and metrics.
 *
 * @param ready whether the service has registered, and its database is available. If the coordinator stops later, the
 *     service stays ready, because it may have other requests
 * @param registered whether the lease of the registration is live
 * @param databaseAvailable whether the latest access of the recovery to the database succeeded
 * @param inDoubt the number of prepared transactions
 * @param oldestInDoubt the time since the oldest of their votes. An alert should report more than a minute: a prepared
 *     transaction keeps its rows locked, and prevents vacuum from removing dead rows in the whole database
 * @param unresolvable prepared transactions from before a restore of the database, which an operator has to resolve
 */
public record ParticipantStatus(
        boolean ready,
        boolean registered,
        boolean databaseAvailable,
        int inDoubt,
        Duration oldestInDoubt,
        int unresolvable,
        long votesCommit,
        long votesAbort,
        long commits,
        long rollbacks,
        long unavailable,
        long inquiries) {}
