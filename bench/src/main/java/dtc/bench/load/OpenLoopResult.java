package dtc.bench.load;

import org.HdrHistogram.Histogram;

/**
 * The result of an open loop.
 *
 * @param micros latencies from the moment at which a transaction was due, so that a late start counts
 * @param firstFailure empty if none failed
 */
public record OpenLoopResult(double offeredPerSecond, Histogram micros, long failed, String firstFailure) {}
