package dtc.log.fenced;

import dtc.log.LogRecord;
import dtc.protocol.TransactionId;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Encodes and decodes a batch of log entries, which is the value of one key.
 *
 * <p>The layout, with the size of each field in bytes:
 *
 * <pre>
 * format 1
 * count 2
 * for each entry:
 *   position 8
 *   kind 1     2: the transaction or registration is forgotten   3: the transaction is open   4: it has ended
 *              5: a registration
 *   id 16
 *   length 4   of the content; 0 if the kind is 2
 *   content    of the record
 * </pre>
 *
 * <p>Writing many records as one value is several times as fast as writing one value for each record.
 */
final class LogBatch {

    static final int FORMAT = 1;

    static final int ENTRIES_MAX = 128;

    /** Below the default request size limit of etcd, which is 1.5 MiB. */
    static final int BYTES_MAX = 1 << 20;

    static final int HEADER_BYTES = 3;
    static final int ENTRY_HEADER_BYTES = 29;

    private static final byte FORGOTTEN = 2;
    private static final byte OPEN = 3;
    private static final byte ENDED = 4;
    private static final byte REGISTRATION = 5;

    private LogBatch() {}

    static ByteBuffer encode(List<BatchEntry> entries) {
        int length =
                HEADER_BYTES + entries.stream().mapToInt(BatchEntry::length).sum();
        if (entries.isEmpty() || entries.size() > ENTRIES_MAX || length > BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a batch of %s entries and %s bytes is not possible".formatted(entries.size(), length));
        }
        ByteBuffer bytes = ByteBuffer.allocate(length).put((byte) FORMAT).putShort((short) entries.size());
        for (BatchEntry entry : entries) {
            bytes.putLong(entry.position())
                    .put(kind(entry))
                    .putLong(entry.id().value().getMostSignificantBits())
                    .putLong(entry.id().value().getLeastSignificantBits());
            LogRecord record = entry.record();
            if (record == null) {
                bytes.putInt(0);
            } else {
                bytes.putInt(record.bytes().remaining()).put(record.bytes());
            }
        }
        return bytes.flip();
    }

    private static byte kind(BatchEntry entry) {
        LogRecord record = entry.record();
        if (record == null) {
            return FORGOTTEN;
        }
        return switch (record.kind()) {
            case OPEN -> OPEN;
            case ENDED -> ENDED;
            case REGISTRATION -> REGISTRATION;
        };
    }

    /** @throws IllegalArgumentException if this is not a batch of a supported format */
    static List<BatchEntry> decode(ByteBuffer batch) {
        ByteBuffer bytes = batch.duplicate();
        try {
            int format = bytes.get();
            if (format != FORMAT) {
                throw new IllegalArgumentException("format " + format + " is not supported");
            }
            int count = bytes.getShort();
            List<BatchEntry> entries = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                entries.add(decodeEntry(bytes));
            }
            if (bytes.hasRemaining()) {
                throw new IllegalArgumentException(bytes.remaining() + " bytes follow the last entry");
            }
            return entries;
        } catch (BufferUnderflowException truncated) {
            throw new IllegalArgumentException("the batch is truncated", truncated);
        }
    }

    private static BatchEntry decodeEntry(ByteBuffer bytes) {
        long position = bytes.getLong();
        byte kind = bytes.get();
        TransactionId id = new TransactionId(new UUID(bytes.getLong(), bytes.getLong()));
        int length = bytes.getInt();
        if (length < 0 || length > bytes.remaining()) {
            throw new IllegalArgumentException("a record has " + length + " bytes");
        }
        if (kind == FORGOTTEN) {
            return BatchEntry.forgotten(position, id);
        }
        // Copied, so that the record does not retain the buffer of the whole batch.
        ByteBuffer content = ByteBuffer.allocate(length)
                .put(bytes.slice(bytes.position(), length))
                .flip();
        bytes.position(bytes.position() + length);
        LogRecord.Kind recordKind = switch (kind) {
            case OPEN -> LogRecord.Kind.OPEN;
            case ENDED -> LogRecord.Kind.ENDED;
            case REGISTRATION -> LogRecord.Kind.REGISTRATION;
            default -> throw new IllegalArgumentException("a record of kind " + kind + " is not supported");
        };
        return BatchEntry.of(position, new LogRecord(id, content, recordKind));
    }
}
