/** The vocabulary of two-phase commit: ids, votes, outcomes, and the messages of both HTTP interfaces. Java only. */
@NullMarked
package dtc.protocol;

import org.jspecify.annotations.NullMarked;
