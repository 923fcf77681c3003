/** A decision log in a key-value store that several processes share. See {@link dtc.log.fenced.FencedStore}. */
@NullMarked
package dtc.log.fenced;

import org.jspecify.annotations.NullMarked;
