/**
 * The product on a simulated clock, network and disk: one thread, and every choice made by a scenario or a seed. See
 * {@link World} for how a run works, {@link Scenario} for what one looks like, and the classes named {@code …Check} for
 * what must hold.
 */
@NullMarked
package dtc.simulation;

import org.jspecify.annotations.NullMarked;
