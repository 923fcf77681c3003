/** The load generator: closed loops for throughput, open loops for latency. */
@NullMarked
package dtc.bench.load;

import org.jspecify.annotations.NullMarked;
