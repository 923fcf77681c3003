/** A small application on the stack that DTC uses: the echo, and light participants for the peers. */
@NullMarked
package dtc.bench.helper;

import org.jspecify.annotations.NullMarked;
