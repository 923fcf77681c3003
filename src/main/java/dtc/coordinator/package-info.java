/**
 * The coordinator's side of two-phase commit as a pure function: a transaction and an event give the next transaction
 * and the effects to carry out. No clock, no I/O, no thread.
 */
@NullMarked
package dtc.coordinator;

import org.jspecify.annotations.NullMarked;
