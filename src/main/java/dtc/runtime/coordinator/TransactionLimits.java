package dtc.runtime.coordinator;

import java.time.Duration;

/**
 * The limits of the transactions in memory.
 *
 * @param inFlightMax maximum number of transactions in flight
 * @param inFlightPerCallerMax maximum number of transactions in flight of one caller. All callers without a name count
 *     as one.
 * @param participantsInFlightMax maximum number of participants of all transactions in flight, and of queued rollbacks
 *     of finished transactions
 * @param retention how long a finished transaction is kept
 * @param retainedMax maximum number of finished transactions that are kept
 * @param retainedBytesMax maximum memory of finished transactions that are kept, in bytes; an estimate
 */
public record TransactionLimits(
        int inFlightMax,
        int inFlightPerCallerMax,
        int participantsInFlightMax,
        Duration retention,
        int retainedMax,
        long retainedBytesMax) {

    /** Creates limits that do not restrict callers, participants and memory. */
    public TransactionLimits(int inFlightMax, Duration retention, int retainedMax) {
        this(inFlightMax, inFlightMax, Integer.MAX_VALUE, retention, retainedMax, Long.MAX_VALUE);
    }
}
