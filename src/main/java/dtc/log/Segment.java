package dtc.log;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One file of the log: a head, and records one behind the other. All numbers are big-endian.
 *
 * <pre>
 * head    "DTCLOG\n" 7, version 1, number of the segment 8, checksum 4 of these
 * record  length of the payload 4, checksum 4, sequence 8, payload (see {@link RecordCodec})
 * </pre>
 *
 * <p>The checksum (CRC-32C) of a record covers the number of its segment and its offset as well, so that neither bytes
 * in a text that look like a record nor a block in the wrong place pass for one.
 */
final class Segment {

    /**
     * Of all that stands in a segment. To make a version 2: give the head of new segments a 2, keep the decoding of
     * version 1 beside the new one, choose by the version of the segment read, and have the copying that
     * {@link LogFiles} does when it cleans decode and encode. The log under src/test/resources/log/v1 must stay
     * readable.
     */
    static final byte VERSION = 1;

    static final int HEAD_BYTES = 20;
    static final int RECORD_HEAD_BYTES = 16;

    private static final byte[] MAGIC = "DTCLOG\n".getBytes(StandardCharsets.US_ASCII);
    private static final Pattern NAME = Pattern.compile("segment-([0-9]{10})\\.log");

    private final long number;
    private final String name;
    /** In bytes. */
    private long size;
    /** Bytes of those records that are the newest of their transaction. */
    private long liveBytes;

    Segment(long number, long size) {
        this.number = number;
        this.name = name(number);
        this.size = size;
    }

    static String name(long number) {
        return "segment-%010d.log".formatted(number);
    }

    /** Empty where the name is not that of a segment. */
    static OptionalLong number(String name) {
        Matcher matcher = NAME.matcher(name);
        return matcher.matches() ? OptionalLong.of(Long.parseLong(matcher.group(1))) : OptionalLong.empty();
    }

    long number() {
        return number;
    }

    String name() {
        return name;
    }

    long size() {
        return size;
    }

    boolean isEmpty() {
        return size == HEAD_BYTES;
    }

    void resize(long bytes) {
        size = bytes;
    }

    long liveBytes() {
        return liveBytes;
    }

    void addLive(long bytes) {
        liveBytes += bytes;
    }

    static ByteBuffer head(long number) {
        ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES);
        head.put(MAGIC).put(VERSION).putLong(number);
        CRC32C checksum = new CRC32C();
        checksum.update(head.array(), 0, head.position());
        return head.putInt((int) checksum.getValue()).flip();
    }

    /** What is wrong with the head of the segment of that number; null where it is right. */
    static @Nullable String wrongHead(ByteBuffer head, long number) {
        if (head.remaining() < HEAD_BYTES) {
            return "the file is shorter than the head of a segment";
        }
        if (!head.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
            return "this is not a segment of a decision log";
        }
        byte version = head.get(MAGIC.length);
        if (version != VERSION) {
            return "written in version %d, of which this program knows nothing (it reads %d)"
                    .formatted(version, VERSION);
        }
        return head.equals(head(number)) ? null : "the head of the segment is damaged, or that of another";
    }

    /** Puts a record that is to stand at {@code offset} of segment {@code number}. */
    static void put(ByteBuffer out, long number, long offset, long sequence, ByteBuffer payload) {
        out.putInt(payload.remaining())
                .putInt(checksum(number, offset, sequence, payload))
                .putLong(sequence)
                .put(payload.duplicate());
    }

    static int checksum(long number, long offset, long sequence, ByteBuffer payload) {
        ByteBuffer rest = ByteBuffer.allocate(3 * Long.BYTES + Integer.BYTES);
        rest.putLong(number).putLong(offset).putLong(sequence).putInt(payload.remaining());
        CRC32C checksum = new CRC32C();
        checksum.update(rest.flip());
        checksum.update(payload.duplicate());
        return (int) checksum.getValue();
    }
}
