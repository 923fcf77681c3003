/** What tests of several packages share. */
@NullMarked
package dtc.testing;

import org.jspecify.annotations.NullMarked;
