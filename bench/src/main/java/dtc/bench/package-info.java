/** The benchmark: what is measured, on what, in which order, and what is written of it. */
@NullMarked
package dtc.bench;

import org.jspecify.annotations.NullMarked;
