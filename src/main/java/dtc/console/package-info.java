/**
 * The operator's pages at {@code /}: what is under way, what waits for whom, and what needs a person. Read models that
 * listen and forget, templates that show them, and the few actions that an operator may take.
 */
@NullMarked
package dtc.console;

import org.jspecify.annotations.NullMarked;
