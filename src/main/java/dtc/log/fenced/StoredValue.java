package dtc.log.fenced;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A value in the store.
 *
 * @param bytes read-only
 */
public record StoredValue(ByteBuffer bytes) {

    public StoredValue {
        bytes = bytes.asReadOnlyBuffer();
    }

    public static StoredValue of(String text) {
        return new StoredValue(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    public static StoredValue of(long number) {
        return of(Long.toString(number));
    }

    /** Returns a new buffer that shares the content. */
    @Override
    public ByteBuffer bytes() {
        return bytes.duplicate();
    }

    public int length() {
        return bytes.remaining();
    }

    public String text() {
        return StandardCharsets.UTF_8.decode(bytes()).toString();
    }

    /**
     * Returns the number that the value contains.
     *
     * @throws NumberFormatException if this is not a number
     */
    public long number() {
        return Long.parseLong(text());
    }

    @Override
    public String toString() {
        return length() > 200 ? length() + " bytes" : text();
    }
}
