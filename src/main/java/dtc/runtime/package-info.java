/**
 * Drives the state machines of the coordinator and the resource managers. Time, random numbers and the network are
 * accessed through ports, so that tests can simulate them.
 */
@NullMarked
package dtc.runtime;

import org.jspecify.annotations.NullMarked;
