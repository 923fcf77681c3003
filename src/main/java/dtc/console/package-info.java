/**
 * The console: pages for operators at {@code /}. Listeners collect data in memory, templates show it, and operators can
 * carry out a few actions.
 */
@NullMarked
package dtc.console;

import org.jspecify.annotations.NullMarked;
