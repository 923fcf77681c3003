/** Sends the coordinator's messages to resource managers, several in one request where possible. */
@NullMarked
package dtc.runtime.messaging;

import org.jspecify.annotations.NullMarked;
