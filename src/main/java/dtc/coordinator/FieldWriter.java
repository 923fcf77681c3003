package dtc.coordinator;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes a version (1 byte) and fields: a tag (1 byte), the length of the value (unsigned LEB128), and the value. Null
 * values are omitted. Tags must be in ascending order; see {@link RecordCodec}.
 */
final class FieldWriter {

    /** The maximum size of a length in LEB128. */
    private static final int LENGTH_BYTES_MAX = 5;

    private byte[] bytes;
    private int size;

    /** @param capacity expected number of bytes */
    FieldWriter(byte version, int capacity) {
        bytes = new byte[capacity];
        bytes[size++] = version;
    }

    void writeCode(int tag, byte code) {
        beginField(tag, 1);
        bytes[size++] = code;
    }

    void writeTime(int tag, @Nullable Instant time) {
        if (time != null) {
            beginField(tag, Long.BYTES);
            putLong(time.toEpochMilli());
        }
    }

    /** Writes a duration that is not 0. */
    void writeMillis(int tag, long millis) {
        if (millis != 0) {
            beginField(tag, Long.BYTES);
            putLong(millis);
        }
    }

    void writeUuid(int tag, UUID uuid) {
        beginField(tag, 2 * Long.BYTES);
        putLong(uuid.getMostSignificantBits());
        putLong(uuid.getLeastSignificantBits());
    }

    void writeText(int tag, @Nullable String text) {
        if (text != null) {
            byte[] value = text.getBytes(StandardCharsets.UTF_8);
            beginField(tag, value.length);
            System.arraycopy(value, 0, bytes, size, value.length);
            size += value.length;
        }
    }

    /** Begins a field whose value consists of the fields that follow. Returns the argument for {@link #endNested}. */
    int beginNested(int tag) {
        beginField(tag, 0);
        return size;
    }

    /** Ends a nested field: sets its length, which takes more than one byte if the value is long. */
    void endNested(int start) {
        int length = size - start;
        int lengthBytes = lengthBytes(length);
        if (lengthBytes > 1) {
            ensureCapacity(lengthBytes);
            System.arraycopy(bytes, start, bytes, start + lengthBytes - 1, length);
        }
        size = start - 1;
        putLength(length);
        size += length;
    }

    /** Returns the version and the fields. */
    ByteBuffer toBytes() {
        return ByteBuffer.wrap(Arrays.copyOf(bytes, size));
    }

    private void beginField(int tag, int length) {
        ensureCapacity(1 + LENGTH_BYTES_MAX + length);
        bytes[size++] = (byte) tag;
        putLength(length);
    }

    private void ensureCapacity(int more) {
        if (size + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(size + more, 2 * bytes.length));
        }
    }

    private static int lengthBytes(int length) {
        int significant = Integer.SIZE - Integer.numberOfLeadingZeros(length);
        return Math.max(1, (significant + 6) / 7);
    }

    private void putLength(int length) {
        int remaining = length;
        while (remaining > 0x7f) {
            bytes[size++] = (byte) (remaining | 0x80);
            remaining >>>= 7;
        }
        bytes[size++] = (byte) remaining;
    }

    private void putLong(long value) {
        for (int shift = Long.SIZE - Byte.SIZE; shift >= 0; shift -= Byte.SIZE) {
            bytes[size++] = (byte) (value >>> shift);
        }
    }
}
