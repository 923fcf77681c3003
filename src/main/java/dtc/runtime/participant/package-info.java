/**
 * Hosts resource managers: receives the coordinator's messages, keeps each resource manager registered, and asks for
 * the outcome of transactions in doubt.
 */
@NullMarked
package dtc.runtime.participant;

import org.jspecify.annotations.NullMarked;
