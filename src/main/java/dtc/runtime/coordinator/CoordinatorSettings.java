package dtc.runtime.coordinator;

import java.time.Duration;

/**
 * Configuration of the coordinator.
 *
 * @param transactionTimeout how long a transaction may stay active, unless the client specifies a timeout
 * @param voteTimeout how long to wait for all votes; longer than the timeout of one vote, which normally expires first
 * @param deliveryTimeoutMax the longest timeout of a commit or rollback. The first attempt has the timeout of a vote;
 *     it doubles with each further attempt.
 * @param answerTimeout how long a client's call waits for phase two
 * @param retriesInFlightMax maximum number of retries in flight to one resource manager
 * @param queuedRollbacksMax maximum number of queued rollbacks to one resource manager; further ones are dropped,
 *     because a participant in doubt sends an inquiry
 * @param rollbackAttemptsMax maximum number of attempts to deliver a rollback
 * @param undeliveredMax maximum number of undelivered outcomes per resource manager. If it is reached, writes to the
 *     resource manager are refused, so that an unresponsive one does not exhaust shared resources.
 */
public record CoordinatorSettings(
        Duration transactionTimeout,
        Duration voteTimeout,
        Duration deliveryTimeoutMax,
        Duration answerTimeout,
        TransactionLimits transactions,
        int retriesInFlightMax,
        int queuedRollbacksMax,
        int rollbackAttemptsMax,
        int undeliveredMax) {}
