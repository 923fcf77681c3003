/** Resource managers in memory, lost when the process ends. */
@NullMarked
package dtc.store.memory;

import org.jspecify.annotations.NullMarked;
