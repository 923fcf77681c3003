package dtc.coordinator;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads fields written by {@link FieldWriter}. The caller reads the fields that it knows in ascending order of tags,
 * then calls {@link #end}. All methods throw {@link IllegalArgumentException} if the bytes are malformed.
 */
final class FieldReader {

    private final String structure;
    private final ByteBuffer in;

    /** @param structure name of the structure in exception messages */
    FieldReader(String structure, ByteBuffer bytes) {
        this.structure = structure;
        this.in = bytes.slice();
    }

    <E> E readCode(int tag, Codes.Decoder<E> decoder) {
        return decoder.decode(requirePresent(tag, readOptional(tag, 1)).get());
    }

    <E> @Nullable E readOptionalCode(int tag, Codes.Decoder<E> decoder) {
        ByteBuffer value = readOptional(tag, 1);
        return value == null ? null : decoder.decode(value.get());
    }

    Instant readTime(int tag) {
        return Instant.ofEpochMilli(
                requirePresent(tag, readOptional(tag, Long.BYTES)).getLong());
    }

    @Nullable
    Instant readOptionalTime(int tag) {
        ByteBuffer value = readOptional(tag, Long.BYTES);
        return value == null ? null : Instant.ofEpochMilli(value.getLong());
    }

    UUID readUuid(int tag) {
        ByteBuffer value = requirePresent(tag, readOptional(tag, 2 * Long.BYTES));
        return new UUID(value.getLong(), value.getLong());
    }

    @Nullable
    UUID readOptionalUuid(int tag) {
        ByteBuffer value = readOptional(tag, 2 * Long.BYTES);
        return value == null ? null : new UUID(value.getLong(), value.getLong());
    }

    String readText(int tag) {
        return decodeText(requirePresent(tag, readOptional(tag)));
    }

    @Nullable
    String readOptionalText(int tag) {
        ByteBuffer value = readOptional(tag);
        return value == null ? null : decodeText(value);
    }

    /** Returns a reader for the value of the next field; null if the next field has another tag. */
    @Nullable
    FieldReader readNested(int tag, String name) {
        ByteBuffer value = readOptional(tag);
        return value == null ? null : new FieldReader(name, value);
    }

    /** Skips unknown ancillary fields. Throws if there is an unknown critical field. */
    void end() {
        while (in.hasRemaining()) {
            int tag = Byte.toUnsignedInt(in.get(in.position()));
            if (tag < RecordCodec.FIRST_ANCILLARY_TAG) {
                throw new IllegalArgumentException("field " + tag + " of the " + structure
                        + " is not supported by this program, or is out of order");
            }
            readNext();
        }
    }

    /** Skips the fields with lower tags, and returns the value of the field; 0 if it is absent. */
    long findMillis(int tag) {
        while (in.hasRemaining() && Byte.toUnsignedInt(in.get(in.position())) < tag) {
            readNext();
        }
        ByteBuffer value = readOptional(tag, Long.BYTES);
        return value == null ? 0 : value.getLong();
    }

    private static String decodeText(ByteBuffer value) {
        byte[] bytes = new byte[value.remaining()];
        value.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private ByteBuffer requirePresent(int tag, @Nullable ByteBuffer value) {
        if (value == null) {
            throw new IllegalArgumentException("field " + tag + " of the " + structure + " is missing");
        }
        return value;
    }

    private @Nullable ByteBuffer readOptional(int tag, int length) {
        ByteBuffer value = readOptional(tag);
        if (value != null && value.remaining() != length) {
            throw new IllegalArgumentException("field " + tag + " of the " + structure + " has " + value.remaining()
                    + " bytes instead of " + length);
        }
        return value;
    }

    /** Returns the value of the next field; null if the next field has another tag. */
    private @Nullable ByteBuffer readOptional(int tag) {
        return in.hasRemaining() && Byte.toUnsignedInt(in.get(in.position())) == tag ? readNext() : null;
    }

    private ByteBuffer readNext() {
        in.get(); // tag
        long length = readLength();
        if (length > in.remaining()) {
            throw truncated();
        }
        ByteBuffer value = in.slice(in.position(), (int) length);
        in.position(in.position() + (int) length);
        return value;
    }

    private long readLength() {
        long length = 0;
        for (int shift = 0; shift < Integer.SIZE; shift += 7) {
            if (!in.hasRemaining()) {
                throw truncated();
            }
            byte next = in.get();
            length |= (next & 0x7fL) << shift;
            if (next >= 0) {
                return length;
            }
        }
        throw new IllegalArgumentException("the " + structure + " has a field with an invalid length");
    }

    private IllegalArgumentException truncated() {
        return new IllegalArgumentException("the " + structure + " is truncated");
    }
}
