/** Distributed tracing: the port {@link dtc.tracing.Tracing}, and its implementation with OpenTelemetry. */
@NullMarked
package dtc.tracing;

import org.jspecify.annotations.NullMarked;
