/** The interface of the decision log. The subpackages contain the implementations. */
@NullMarked
package dtc.log;

import org.jspecify.annotations.NullMarked;
