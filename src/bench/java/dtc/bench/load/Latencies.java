package dtc.bench.load;

import org.HdrHistogram.Histogram;

/**
 * What came of an open loop.
 *
 * @param micros from the moment at which a transaction was due to its end, so that a late begin counts
 * @param complaint what the first failure said; empty where there was none
 */
public record Latencies(double offeredPerSecond, Histogram micros, long failed, String complaint) {}
