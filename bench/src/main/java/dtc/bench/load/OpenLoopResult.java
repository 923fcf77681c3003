package dtc.bench.load;

import org.HdrHistogram.Histogram;

/**
 * The result of an open loop.
 *
 * @param micros latencies from the moment at which a transaction was due, so that a late start counts
 * @param firstFailure empty if none failed
 */
public record OpenLoopResult(double offeredPerSecond, Histogram micros, long failed, String firstFailure) {

    /** The result of both loops, one after the other, at the same rate. */
    public OpenLoopResult plus(OpenLoopResult other) {
        Histogram both = micros.copy();
        both.add(other.micros);
        return new OpenLoopResult(
                offeredPerSecond,
                both,
                failed + other.failed,
                firstFailure.isEmpty() ? other.firstFailure : firstFailure);
    }
}
