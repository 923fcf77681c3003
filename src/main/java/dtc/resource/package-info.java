/**
 * The resource manager's side as a deterministic machine: staging, key locks, votes, remembered outcomes. No clock, no
 * I/O, no thread.
 */
@NullMarked
package dtc.resource;

import org.jspecify.annotations.NullMarked;
