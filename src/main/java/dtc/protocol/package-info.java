/** The types of the protocol: ids, votes, outcomes, and the messages of both HTTP interfaces. Depends on Java only. */
@NullMarked
package dtc.protocol;

import org.jspecify.annotations.NullMarked;
