/** Resource managers in PostgreSQL: tables that are written in batches, and a fence against a second process. */
@NullMarked
package dtc.store.postgresql;

import org.jspecify.annotations.NullMarked;
