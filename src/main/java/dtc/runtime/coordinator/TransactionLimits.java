package dtc.runtime.coordinator;

import java.time.Duration;

/**
 * The limits of the transactions in memory.
 *
 * @param inFlightMax limit of unfinished transactions
 * @param participantsInFlightMax limit of participants of all unfinished transactions, and of queued rollbacks of
 *     finished ones
 * @param retention how long a finished transaction is kept
 * @param retainedMax limit of finished transactions that are kept
 * @param retainedBytesMax limit of the estimated memory of finished transactions that are kept
 */
public record TransactionLimits(
        int inFlightMax, int participantsInFlightMax, Duration retention, int retainedMax, long retainedBytesMax) {

    /** Without limits of participants and memory. */
    public TransactionLimits(int inFlightMax, Duration retention, int retainedMax) {
        this(inFlightMax, Integer.MAX_VALUE, retention, retainedMax, Long.MAX_VALUE);
    }
}
