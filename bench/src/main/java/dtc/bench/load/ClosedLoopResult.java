package dtc.bench.load;

import org.HdrHistogram.Histogram;

/**
 * The result of a closed loop.
 *
 * @param seconds from the begin of the first transaction to the end of the last one
 * @param micros the latencies of all transactions
 * @param firstFailure empty if none failed
 */
public record ClosedLoopResult(
        long committed, long rolledBack, long failed, double seconds, Histogram micros, String firstFailure) {

    /** Transactions that ended as the protocol promises. */
    public long ended() {
        return committed + rolledBack;
    }

    public double endedPerSecond() {
        return ended() / seconds;
    }
}
