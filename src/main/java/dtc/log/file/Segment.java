package dtc.log.file;

import dtc.log.file.Damage.Remedy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A file of the log: a head followed by records. In the segment that is being written, preallocated zeros may follow
 * the last record; the next records overwrite them. All numbers are big-endian.
 *
 * <pre>
 * head    "DTCLOG\n" 7, version 1, number of the segment 8, epoch 4, id of the log 8, checksum 4 of these
 * record  length of the payload 4, checksum 4, sequence 8, forced 8, payload (see {@link Payload})
 * </pre>
 *
 * <p>The checksum (CRC-32C) of a record also covers the id of the log, the number and epoch of its segment, and its
 * offset. So neither bytes in a client's text nor a misplaced disk block or file are accepted as a record.
 *
 * <p>{@code forced} is the offset up to which the segment was forced when the record was written. A valid record proves
 * that the bytes before that offset were on the disk. It proves nothing about the bytes between that offset and itself.
 *
 * <p>Versions 1 to 3 had neither epoch nor id, neither in the head nor in the checksums. Version 1 had neither
 * {@code forced} nor preallocated zeros: there, a valid record proves that all bytes before it were on the disk.
 * Versions 1 and 2 contain only the payload kinds 1 and 2.
 */
final class Segment {

    /**
     * The version of new segments. A segment of a later version is refused. Every earlier version stays readable: see
     * src/test/resources/log. Cleaning copies payloads unchanged into new segments, so the payload kinds of earlier
     * versions stay valid in later ones.
     */
    static final byte VERSION = 4;

    private static final byte LEGACY_VERSION_MAX = 3;

    static final int HEAD_BYTES = 32;
    static final int LEGACY_HEAD_BYTES = 20;
    private static final int LOG_ID_OFFSET = 20;
    static final int RECORD_HEAD_BYTES = 24;
    private static final int RECORD_HEAD_BYTES_V1 = 16;

    private static final byte[] MAGIC = "DTCLOG\n".getBytes(StandardCharsets.US_ASCII);

    private final long logId;
    private final long number;
    private final int epoch;
    private final byte version;
    private final String name;
    /** The size in bytes, up to the end of the last record. */
    private long size;
    /** The size in bytes, including preallocated zeros. */
    private long fileSize;
    /** The offset up to which the segment is on the disk. */
    private long forced;
    /** The number of bytes of the records that are in the index. */
    private long liveBytes;

    /** @param size the bytes to read; the file may be longer */
    Segment(long logId, long number, int epoch, byte version, long size) {
        this.logId = logId;
        this.number = number;
        this.epoch = epoch;
        this.version = version;
        this.name = FileName.segment(number, epoch);
        this.forced = headBytes();
        resize(size);
    }

    /** Returns a new, empty segment of the current version. */
    static Segment create(long logId, long number, int epoch) {
        return new Segment(logId, number, epoch, VERSION, HEAD_BYTES);
    }

    /** Returns a segment as its head describes it, without checking the head. */
    static Segment fromHead(Storage storage, FileName name) throws IOException {
        String file = FileName.segment(name.number(), name.epoch());
        ByteBuffer head = storage.read(file, 0, HEAD_BYTES);
        boolean hasLogId = name.epoch() > 0 && head.remaining() >= HEAD_BYTES;
        return new Segment(
                hasLogId ? head.getLong(LOG_ID_OFFSET) : 0,
                name.number(),
                name.epoch(),
                versionToRead(head, name.epoch()),
                storage.size(file));
    }

    /** Returns the version by which records are read. It does not depend on a damaged head if possible. */
    static byte versionToRead(ByteBuffer head, int epoch) {
        if (epoch > 0) {
            return VERSION;
        }
        byte version = version(head);
        return version >= 1 && version <= LEGACY_VERSION_MAX ? version : LEGACY_VERSION_MAX;
    }

    long number() {
        return number;
    }

    int epoch() {
        return epoch;
    }

    String name() {
        return name;
    }

    long size() {
        return size;
    }

    boolean isEmpty() {
        return size <= headBytes();
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

    /** Whether its records contain the offset up to which the segment was forced. */
    boolean holdsForcedOffsets() {
        return version > 1;
    }

    private boolean isLegacy() {
        return version <= LEGACY_VERSION_MAX;
    }

    int headBytes() {
        return isLegacy() ? LEGACY_HEAD_BYTES : HEAD_BYTES;
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

    /** The head that this segment should have. */
    ByteBuffer head() {
        return isLegacy()
                ? legacyHead(number, version)
                : withChecksum(
                        headStart(version, number, HEAD_BYTES).putInt(epoch).putLong(logId));
    }

    /** The content of the format file, which has the layout of the head of a legacy segment. */
    static ByteBuffer formatFile() {
        return formatFile(VERSION);
    }

    static ByteBuffer formatFile(byte version) {
        return legacyHead(0, version);
    }

    private static ByteBuffer legacyHead(long number, byte version) {
        return withChecksum(headStart(version, number, LEGACY_HEAD_BYTES));
    }

    private static ByteBuffer headStart(byte version, long number, int bytes) {
        return ByteBuffer.allocate(bytes).put(MAGIC).put(version).putLong(number);
    }

    private static ByteBuffer withChecksum(ByteBuffer head) {
        CRC32C checksum = new CRC32C();
        checksum.update(head.duplicate().flip());
        return head.putInt((int) checksum.getValue()).flip();
    }

    /** Returns the version in a head; 0 if the head is too short. */
    static byte version(ByteBuffer head) {
        return head.remaining() <= MAGIC.length ? 0 : head.get(MAGIC.length);
    }

    /**
     * Returns why this is not the head of a segment of a version that the program supports; null if it is one. Does not
     * check the rest of the head.
     */
    static @Nullable Damage unsupported(String name, ByteBuffer head) {
        if (head.remaining() < LEGACY_HEAD_BYTES) {
            return new Damage(name, 0, "the file is shorter than the head of a segment", Remedy.RESTORE);
        }
        if (!head.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
            return new Damage(name, 0, "this is not a segment of a decision log", Remedy.RESTORE);
        }
        byte version = version(head);
        if (version < 1 || version > VERSION) {
            return new Damage(
                    name,
                    0,
                    "format version " + version + " is not supported; this program reads versions 1 to " + VERSION,
                    version > VERSION ? Remedy.UPGRADE : Remedy.RESTORE);
        }
        return null;
    }

    /** Returns why this is not the head of this segment; null if it is. */
    @Nullable
    Damage invalidHead(ByteBuffer head) {
        Damage unsupported = unsupported(name, head);
        if (unsupported != null) {
            return unsupported;
        }
        return head.remaining() >= headBytes() && head.slice(0, headBytes()).equals(head())
                ? null
                : new Damage(name, 0, "the head is damaged, or is the head of another segment", Remedy.RESTORE);
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
        ByteBuffer rest = ByteBuffer.allocate(5 * Long.BYTES + 2 * Integer.BYTES);
        rest.putLong(number).putLong(offset).putLong(sequence).putInt(payload.remaining());
        if (holdsForcedOffsets()) {
            rest.putLong(forcedThen);
        }
        if (!isLegacy()) {
            rest.putInt(epoch).putLong(logId);
        }
        CRC32C checksum = new CRC32C();
        checksum.update(rest.flip());
        checksum.update(payload.duplicate());
        return (int) checksum.getValue();
    }
}
