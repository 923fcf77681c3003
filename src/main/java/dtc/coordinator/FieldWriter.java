package dtc.coordinator;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes fields: a tag (1 byte), the length of the value (unsigned LEB128), and the value. Null values are omitted.
 * Tags must be in ascending order; see {@link RecordCodec}.
 */
final class FieldWriter {

    private byte[] bytes;
    private int size;

    /** @param capacity expected number of bytes */
    FieldWriter(int capacity) {
        bytes = new byte[capacity];
    }

    void code(int tag, byte code) {
        begin(tag, 1);
        bytes[size++] = code;
    }

    void time(int tag, @Nullable Instant time) {
        if (time != null) {
            begin(tag, Long.BYTES);
            putLong(time.toEpochMilli());
        }
    }

    /** Writes a duration that is not 0. */
    void millis(int tag, long millis) {
        if (millis != 0) {
            begin(tag, Long.BYTES);
            putLong(millis);
        }
    }

    void uuid(int tag, UUID uuid) {
        begin(tag, 2 * Long.BYTES);
        putLong(uuid.getMostSignificantBits());
        putLong(uuid.getLeastSignificantBits());
    }

    void text(int tag, @Nullable String text) {
        if (text != null) {
            byte[] value = text.getBytes(StandardCharsets.UTF_8);
            put(tag, value, value.length);
        }
    }

    /** Writes the fields of {@code other} as the value of one field. */
    void nested(int tag, FieldWriter other) {
        put(tag, other.bytes, other.size);
    }

    /** Returns the version, followed by the fields. */
    ByteBuffer toBytes(byte version) {
        return ByteBuffer.allocate(1 + size).put(version).put(bytes, 0, size).flip();
    }

    private void put(int tag, byte[] value, int length) {
        begin(tag, length);
        System.arraycopy(value, 0, bytes, size, length);
        size += length;
    }

    private void begin(int tag, int length) {
        int needed = size + 1 + 5 + length;
        if (needed > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(needed, 2 * bytes.length));
        }
        bytes[size++] = (byte) tag;
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
