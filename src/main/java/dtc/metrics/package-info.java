/** What operators look at: Prometheus metrics and the log line of a transaction that ends badly. */
@NullMarked
package dtc.metrics;

import org.jspecify.annotations.NullMarked;
