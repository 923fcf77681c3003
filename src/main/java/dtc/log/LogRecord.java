package dtc.log;

import dtc.protocol.TransactionId;
import java.nio.ByteBuffer;

/**
 * A record of the decision log. The newest record of a transaction replaces all earlier ones.
 *
 * @param bytes the content, which the log does not interpret; read-only
 */
public record LogRecord(TransactionId id, ByteBuffer bytes, Status status) {

    /** The status of the transaction after this record. */
    public enum Status {
        /** The outcome is not yet delivered to all participants. */
        OPEN,
        /** The transaction has finished. The record is kept for reads and inquiries. */
        ENDED
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
