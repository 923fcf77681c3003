/** Configuration, roles of the process, and wiring. No other package depends on this one. */
@NullMarked
package dtc.app;

import org.jspecify.annotations.NullMarked;
