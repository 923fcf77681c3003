package dtc.log;

import dtc.log.LogRecord.Kind;
import dtc.protocol.TransactionId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.UUID;

/** Records for tests, with arbitrary bytes and the lengths of records of small transactions. */
public final class SampleLogRecords {

    private static final int OPEN_BYTES = 86;
    private static final int ENDED_BYTES = 94;

    private SampleLogRecords() {}

    public static TransactionId id(long number) {
        return new TransactionId(new UUID(0x0199_f2d4_0000_7000L, 0x8000_0000_0000_0000L | number));
    }

    public static LogRecord open(long number) {
        return record(number, Kind.OPEN, OPEN_BYTES);
    }

    public static LogRecord ended(long number) {
        return record(number, Kind.ENDED, ENDED_BYTES);
    }

    /** Returns a record of this length, with bytes that depend on the number and the kind. */
    public static LogRecord record(long number, Kind kind, int length) {
        byte[] text = String.format(Locale.ROOT, "%s %d ", kind, number).getBytes(StandardCharsets.UTF_8);
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = text[i % text.length];
        }
        return new LogRecord(id(number), ByteBuffer.wrap(bytes), kind);
    }
}
