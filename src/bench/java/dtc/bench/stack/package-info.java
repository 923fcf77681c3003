/** A small application on the stack that DTC uses: the echo that is the floor, and light participants for the peers. */
@NullMarked
package dtc.bench.stack;

import org.jspecify.annotations.NullMarked;
