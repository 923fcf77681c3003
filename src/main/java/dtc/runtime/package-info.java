/**
 * Drives the two machines: events in, decision recorded, then messages out. Time, chance and the network come in
 * through ports, so that the same code runs under a simulated clock.
 */
@NullMarked
package dtc.runtime;

import org.jspecify.annotations.NullMarked;
