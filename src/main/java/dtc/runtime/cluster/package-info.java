/**
 * Several coordinators over one store: which of them holds which transactions, and who finishes those of a dead one.
 */
@NullMarked
package dtc.runtime.cluster;

import org.jspecify.annotations.NullMarked;
