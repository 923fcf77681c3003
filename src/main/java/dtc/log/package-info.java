/** Where decisions are recorded before anybody is told of them. */
@NullMarked
package dtc.log;

import org.jspecify.annotations.NullMarked;
