/** A decision log in segment files. */
@NullMarked
package dtc.log.file;

import org.jspecify.annotations.NullMarked;
