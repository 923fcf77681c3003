/** Prometheus metrics, and the log line of a transaction that failed. */
@NullMarked
package dtc.metrics;

import org.jspecify.annotations.NullMarked;
