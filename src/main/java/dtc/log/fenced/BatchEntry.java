package dtc.log.fenced;

import dtc.log.LogRecord;
import dtc.protocol.TransactionId;
import org.jspecify.annotations.Nullable;

/**
 * A record in a batch, or a marker that the records with an id are forgotten.
 *
 * @param position increases with each append to the log of a number; a copy keeps the position of the original. Of
 *     several entries with an id, the one with the highest position is the newest
 * @param record null if the records with the id are forgotten
 */
record BatchEntry(long position, TransactionId id, @Nullable LogRecord record) {

    static BatchEntry of(long position, LogRecord record) {
        return new BatchEntry(position, record.id(), record);
    }

    static BatchEntry forgotten(long position, TransactionId id) {
        return new BatchEntry(position, id, null);
    }

    boolean isForgotten() {
        return record == null;
    }

    /** The size in a batch. */
    int length() {
        return LogBatch.ENTRY_HEADER_BYTES
                + (record == null ? 0 : record.bytes().remaining());
    }
}
