/**
 * Drives the coordinator's state machine: keeps the transactions, applies events, and carries out effects. Safe to call
 * from any thread; nothing here blocks.
 */
@NullMarked
package dtc.runtime.coordinator;

import org.jspecify.annotations.NullMarked;
