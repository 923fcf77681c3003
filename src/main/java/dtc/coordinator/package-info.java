/**
 * The coordinator's state machine of two-phase commit. It is a pure function from a transaction and an event to the
 * next transaction and the effects to perform, and uses no clock, I/O or threads.
 */
@NullMarked
package dtc.coordinator;

import org.jspecify.annotations.NullMarked;
