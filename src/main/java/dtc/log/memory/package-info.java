/** A decision log that is not durable. */
@NullMarked
package dtc.log.memory;

import org.jspecify.annotations.NullMarked;
