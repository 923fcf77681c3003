/** The key-value store of etcd, for {@link dtc.log.fenced}. */
@NullMarked
package dtc.log.etcd;

import org.jspecify.annotations.NullMarked;
