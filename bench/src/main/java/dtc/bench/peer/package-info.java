/** The coordinators of the peers, each in a process and on a class path of its own. */
@NullMarked
package dtc.bench.peer;

import org.jspecify.annotations.NullMarked;
