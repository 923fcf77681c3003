/**
 * Drives the coordinator's state machine: stores transactions, applies events and performs effects. Thread-safe and
 * non-blocking.
 */
@NullMarked
package dtc.runtime.coordinator;

import org.jspecify.annotations.NullMarked;
