/** The port to the decision log. The implementations are in the packages below. */
@NullMarked
package dtc.log;

import org.jspecify.annotations.NullMarked;
