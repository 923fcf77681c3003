package dtc.log.file;

import dtc.log.LogRecord;
import dtc.protocol.TransactionId;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * The payload of a record in a segment.
 *
 * <pre>
 * kind 1     2: the transaction or registration is forgotten   3: the transaction is open   4: it has ended
 *            5: a registration
 * id 16
 * bytes      the content of the record, unless the kind is 2
 * </pre>
 *
 * <p>Kind 1 is read and copied, but no longer written. It is a transaction record of formats 1 and 2, which the log
 * encoded itself. Its record content is the whole payload, including kind and id. The decoder of the content recognizes
 * the old layout by the first byte.
 */
final class Payload {

    /** The size of kind and id. */
    static final int BYTES_MIN = 17;

    static final int BYTES_MAX = 1 << 20;

    private static final byte LEGACY_TRANSACTION = 1;
    private static final byte FORGOTTEN = 2;
    private static final byte OPEN = 3;
    private static final byte ENDED = 4;
    private static final byte REGISTRATION = 5;

    private Payload() {}

    /** @throws IllegalArgumentException if the record is too long */
    static ByteBuffer encode(LogRecord record) {
        ByteBuffer bytes = record.bytes();
        if (bytes.remaining() > BYTES_MAX - BYTES_MIN) {
            throw new IllegalArgumentException("a record of " + bytes.remaining() + " bytes is too long");
        }
        byte kind = switch (record.kind()) {
            case OPEN -> OPEN;
            case ENDED -> ENDED;
            case REGISTRATION -> REGISTRATION;
        };
        return encodeHeader(kind, record.id(), bytes.remaining()).put(bytes).flip();
    }

    static ByteBuffer encodeForgotten(TransactionId id) {
        return encodeHeader(FORGOTTEN, id, 0).flip();
    }

    private static ByteBuffer encodeHeader(byte kind, TransactionId id, int bytes) {
        return ByteBuffer.allocate(BYTES_MIN + bytes)
                .put(kind)
                .putLong(id.value().getMostSignificantBits())
                .putLong(id.value().getLeastSignificantBits());
    }

    /** Whether the kind is supported. */
    static boolean isKnown(ByteBuffer payload) {
        return kind(payload) >= LEGACY_TRANSACTION && kind(payload) <= REGISTRATION;
    }

    static boolean isForgotten(ByteBuffer payload) {
        return kind(payload) == FORGOTTEN;
    }

    static byte kind(ByteBuffer payload) {
        return payload.get(payload.position());
    }

    static TransactionId id(ByteBuffer payload) {
        int at = payload.position() + 1;
        return new TransactionId(new UUID(payload.getLong(at), payload.getLong(at + Long.BYTES)));
    }

    /**
     * Decodes a record that is not {@link #isForgotten}. Copies its bytes.
     *
     * @throws IllegalArgumentException if this is not such a record
     */
    static LogRecord decode(ByteBuffer payload) {
        return switch (kind(payload)) {
            case LEGACY_TRANSACTION -> new LogRecord(id(payload), copy(payload.duplicate()), legacyKind(payload));
            case OPEN -> new LogRecord(id(payload), copyContent(payload), LogRecord.Kind.OPEN);
            case ENDED -> new LogRecord(id(payload), copyContent(payload), LogRecord.Kind.ENDED);
            case REGISTRATION -> new LogRecord(id(payload), copyContent(payload), LogRecord.Kind.REGISTRATION);
            default -> throw new IllegalArgumentException("a payload of kind " + kind(payload) + " is not supported");
        };
    }

    private static ByteBuffer copyContent(ByteBuffer payload) {
        return copy(payload.slice(payload.position() + BYTES_MIN, payload.remaining() - BYTES_MIN));
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        return ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
    }

    /**
     * Formats 1 and 2 did not store whether a transaction is open. It follows from the state of the transaction, which
     * is the byte after the id.
     */
    private static LogRecord.Kind legacyKind(ByteBuffer payload) {
        if (payload.remaining() == BYTES_MIN) {
            throw new IllegalArgumentException("the record has no state");
        }
        byte state = payload.get(payload.position() + BYTES_MIN);
        return switch (state) {
            case 3, 5 -> LogRecord.Kind.OPEN; // PREPARING, COMMITTING
            case 6, 8, 9 -> LogRecord.Kind.ENDED; // COMMITTED, ROLLED_BACK, HEURISTIC
            default -> throw new IllegalArgumentException("unknown state " + state);
        };
    }
}
