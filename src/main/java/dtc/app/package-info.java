/** Configuration, choice of roles, wiring. Nothing depends on it. */
@NullMarked
package dtc.app;

import org.jspecify.annotations.NullMarked;
