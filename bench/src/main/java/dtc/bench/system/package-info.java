/** The measured systems: their processes, and how a client runs a transaction. */
@NullMarked
package dtc.bench.system;

import org.jspecify.annotations.NullMarked;
