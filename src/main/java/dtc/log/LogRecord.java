package dtc.log;

import dtc.protocol.TransactionId;
import java.nio.ByteBuffer;

/**
 * A record of the decision log. The newest record with an id replaces all earlier ones.
 *
 * @param id the transaction; for a registration, an id that no transaction has
 * @param bytes the content, which the log does not interpret; read-only
 */
public record LogRecord(TransactionId id, ByteBuffer bytes, Kind kind) {

    /** The kind of a record. */
    public enum Kind {
        /** A transaction whose outcome is not yet delivered to all participants. */
        OPEN,
        /** A transaction that has finished. The record is kept for reads and inquiries. */
        ENDED,
        /** The registration of a resource manager. */
        REGISTRATION
    }

    public LogRecord {
        bytes = bytes.asReadOnlyBuffer();
    }

    /** Returns a new buffer that shares the content. */
    @Override
    public ByteBuffer bytes() {
        return bytes.duplicate();
    }
}
