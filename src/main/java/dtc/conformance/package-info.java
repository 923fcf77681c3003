/**
 * The command {@code rm check}: acts as the coordinator of one resource manager in any language, and checks that it
 * keeps the protocol. Depends on {@code protocol} and the JDK, and on Jackson for JSON.
 */
@NullMarked
package dtc.conformance;

import org.jspecify.annotations.NullMarked;
