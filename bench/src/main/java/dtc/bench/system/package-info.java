/** The systems that are measured: their processes, and how a transaction is carried out on each. */
@NullMarked
package dtc.bench.system;

import org.jspecify.annotations.NullMarked;
