package dtc.log;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One file of the log: a head, and records one behind the other; in the newest one, zeros behind them, which the next
 * records overwrite. All numbers are big-endian.
 *
 * <pre>
 * head    "DTCLOG\n" 7, version 1, number of the segment 8, checksum 4 of these
 * record  length of the payload 4, checksum 4, sequence 8, forced 8, payload (see {@link RecordCodec})
 * </pre>
 *
 * <p>The checksum (CRC-32C) of a record covers the number of its segment and its offset as well, so that neither bytes
 * in a text that look like a record nor a block in the wrong place pass for one.
 *
 * <p>{@code forced} is up to where the segment was forced when the record was written. A record that is whole so proves
 * of what stands before that offset, and of nothing else before it, that it was on the disk once. Version 1 had neither
 * that nor zeros: there all before a whole record counted as forced.
 */
final class Segment {

    /**
     * Of all that stands in a new segment. Payloads are the same in versions 1 and 2. To change them, make a version 3:
     * keep the decoding of the others beside the new one, choose by the version of the segment read, and have the
     * copying that {@link LogFiles} does when it cleans decode and encode. The logs under src/test/resources/log must
     * stay readable.
     */
    static final byte VERSION = 2;

    static final int HEAD_BYTES = 20;
    static final int RECORD_HEAD_BYTES = 24;
    private static final int RECORD_HEAD_BYTES_V1 = 16;

    private static final byte[] MAGIC = "DTCLOG\n".getBytes(StandardCharsets.US_ASCII);
    private static final Pattern NAME = Pattern.compile("segment-([0-9]{10})\\.log");

    private final long number;
    private final byte version;
    private final String name;
    /** In bytes, up to the end of the last record. */
    private long size;
    /** Where the zeros end that are behind the last record, and so the file. */
    private long room;
    /** Up to where it is on the disk. */
    private long forced = HEAD_BYTES;
    /** Bytes of those records that are the newest of their transaction. */
    private long liveBytes;

    Segment(long number, byte version, long size) {
        this.number = number;
        this.version = version;
        this.name = name(number);
        resize(size);
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

    /** Whether the file ends there, and nothing but the records is in it. */
    boolean isTrim() {
        return room == size;
    }

    /** It ends there. */
    void resize(long bytes) {
        size = bytes;
        room = bytes;
    }

    /** Its last record ends there; what is overwritten of the room is room no longer. */
    void grow(long bytes, long roomBytes) {
        size = bytes;
        room = Math.max(room, roomBytes);
    }

    long room() {
        return room;
    }

    void markForced() {
        forced = size;
    }

    /** Whether more may be written to it, in the way of this version. */
    boolean isOfThisVersion() {
        return version == VERSION;
    }

    /** Whether its records say up to where it was forced. */
    boolean tellsForced() {
        return version > 1;
    }

    int recordHeadBytes() {
        return tellsForced() ? RECORD_HEAD_BYTES : RECORD_HEAD_BYTES_V1;
    }

    long liveBytes() {
        return liveBytes;
    }

    void addLive(long bytes) {
        liveBytes += bytes;
    }

    static ByteBuffer head(long number) {
        return head(number, VERSION);
    }

    private static ByteBuffer head(long number, byte version) {
        ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES);
        head.put(MAGIC).put(version).putLong(number);
        CRC32C checksum = new CRC32C();
        checksum.update(head.array(), 0, head.position());
        return head.putInt((int) checksum.getValue()).flip();
    }

    /** The version of a segment that begins so; 0 where it is too short to have any. */
    static byte version(ByteBuffer head) {
        return head.remaining() < HEAD_BYTES ? 0 : head.get(MAGIC.length);
    }

    /** What is wrong with the head of the segment of that number; null where it is right. */
    static @Nullable String wrongHead(ByteBuffer head, long number) {
        if (head.remaining() < HEAD_BYTES) {
            return "the file is shorter than the head of a segment";
        }
        if (!head.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
            return "this is not a segment of a decision log";
        }
        byte version = version(head);
        if (version < 1 || version > VERSION) {
            return "written in version %d, of which this program knows nothing (it reads up to %d)"
                    .formatted(version, VERSION);
        }
        return head.equals(head(number, version)) ? null : "the head of the segment is damaged, or that of another";
    }

    /** Puts a record that is to stand at {@code offset}. */
    void put(ByteBuffer out, long offset, long sequence, ByteBuffer payload) {
        out.putInt(payload.remaining())
                .putInt(checksum(offset, sequence, forced, payload))
                .putLong(sequence)
                .putLong(forced)
                .put(payload.duplicate());
    }

    int checksum(long offset, long sequence, long forcedThen, ByteBuffer payload) {
        ByteBuffer rest = ByteBuffer.allocate(4 * Long.BYTES + Integer.BYTES);
        rest.putLong(number).putLong(offset).putLong(sequence).putInt(payload.remaining());
        if (tellsForced()) {
            rest.putLong(forcedThen);
        }
        CRC32C checksum = new CRC32C();
        checksum.update(rest.flip());
        checksum.update(payload.duplicate());
        return (int) checksum.getValue();
    }
}
