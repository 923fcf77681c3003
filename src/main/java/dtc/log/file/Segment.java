package dtc.log.file;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A file of the log: a head followed by records. In the newest segment, preallocated zeros may follow the last record;
 * the next records overwrite them. All numbers are big-endian.
 *
 * <pre>
 * head    "DTCLOG\n" 7, version 1, number of the segment 8, checksum 4 of these
 * record  length of the payload 4, checksum 4, sequence 8, forced 8, payload (see {@link Payload})
 * </pre>
 *
 * <p>The checksum (CRC-32C) of a record also covers the number of its segment and its offset. So neither bytes in a
 * client's text nor a misplaced disk block are accepted as a record.
 *
 * <p>{@code forced} is the offset up to which the segment was forced when the record was written. A valid record proves
 * that the bytes before that offset were on the disk. It proves nothing about the bytes between that offset and itself.
 *
 * <p>Version 1 had neither {@code forced} nor preallocated zeros: there, a valid record proves that all bytes before it
 * were on the disk. Versions 1 and 2 contain only the payload kinds 1 and 2.
 */
final class Segment {

    /**
     * The version of new segments. A segment of a later version is refused. For a segment of an earlier version, a new
     * segment is started instead of appending to it. Every earlier version stays readable: see src/test/resources/log.
     * Cleaning copies payloads unchanged into new segments, so the payload kinds of earlier versions stay valid in
     * later ones.
     */
    static final byte VERSION = 3;

    static final int HEAD_BYTES = 20;
    static final int RECORD_HEAD_BYTES = 24;
    private static final int RECORD_HEAD_BYTES_V1 = 16;

    private static final byte[] MAGIC = "DTCLOG\n".getBytes(StandardCharsets.US_ASCII);
    private static final Pattern NAME = Pattern.compile("segment-([0-9]{10})\\.log");

    private final long number;
    private final byte version;
    private final String name;
    /** The size in bytes, up to the end of the last record. */
    private long size;
    /** The size in bytes, including preallocated zeros. */
    private long fileSize;
    /** The offset up to which the segment is on the disk. */
    private long forced = HEAD_BYTES;
    /** The number of bytes of the records that are in the index. */
    private long liveBytes;

    Segment(long number, byte version, long size) {
        this.number = number;
        this.version = version;
        this.name = name(number);
        resize(size);
    }

    /** Returns the file name of a segment. Independent of the default locale, which may not use ASCII digits. */
    static String name(long number) {
        return String.format(Locale.ROOT, "segment-%010d.log", number);
    }

    /** Parses the number from a file name; empty if it is not the name of a segment. */
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

    long fileSize() {
        return fileSize;
    }

    boolean hasPreallocatedBytes() {
        return fileSize > size;
    }

    /** Sets the size, without preallocated bytes. */
    void resize(long bytes) {
        size = bytes;
        fileSize = bytes;
    }

    /**
     * Updates the sizes after a write of records up to {@code bytes}. The file extends at least to {@code fileBytes}.
     */
    void grow(long bytes, long fileBytes) {
        size = bytes;
        fileSize = Math.max(fileSize, fileBytes);
    }

    void markForced() {
        forced = size;
    }

    boolean isOfCurrentVersion() {
        return version == VERSION;
    }

    /** Whether its records contain the offset up to which the segment was forced. */
    boolean holdsForcedOffsets() {
        return version > 1;
    }

    int recordHeadBytes() {
        return holdsForcedOffsets() ? RECORD_HEAD_BYTES : RECORD_HEAD_BYTES_V1;
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

    /** Returns the version in a head; 0 if the head is too short. */
    static byte version(ByteBuffer head) {
        return head.remaining() < HEAD_BYTES ? 0 : head.get(MAGIC.length);
    }

    /** Returns why this is not the head of the segment with that number; null if it is. */
    static @Nullable String invalidHead(ByteBuffer head, long number) {
        if (head.remaining() < HEAD_BYTES) {
            return "the file is shorter than the head of a segment";
        }
        if (!head.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
            return "this is not a segment of a decision log";
        }
        byte version = version(head);
        if (version < 1 || version > VERSION) {
            return "format version " + version + " is not supported; this program reads versions 1 to " + VERSION;
        }
        return head.equals(head(number, version)) ? null : "the head is damaged, or is the head of another segment";
    }

    /** Encodes a record that will be written at {@code offset}. */
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
        if (holdsForcedOffsets()) {
            rest.putLong(forcedThen);
        }
        CRC32C checksum = new CRC32C();
        checksum.update(rest.flip());
        checksum.update(payload.duplicate());
        return (int) checksum.getValue();
    }
}
