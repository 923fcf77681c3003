/**
 * The resource manager as a deterministic state machine: staged writes, key locks, votes, remembered outcomes. It has
 * no clock, no I/O and no threads.
 */
@NullMarked
package dtc.resource;

import org.jspecify.annotations.NullMarked;
