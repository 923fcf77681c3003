/** Who calls, what they may do, and as whom and to where this process calls. */
@NullMarked
package dtc.security;

import org.jspecify.annotations.NullMarked;
