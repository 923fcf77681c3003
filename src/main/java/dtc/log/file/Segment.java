package dtc.log.file;

import dtc.log.file.Damage.Remedy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A file of the log: a header followed by records. In the segment that is being written, preallocated zeros may follow
 * the last record; the next records overwrite them. All numbers are big-endian.
 *
 * <p>The layout, with the size of each field in bytes:
 *
 * <pre>
 * header  "DTCLOG\n" 7, version 1, number of the segment 8, epoch 4, id of the log 8, checksum 4 (of these fields)
 * record  length of the payload 4, checksum 4, sequence 8, forcedTo 8, payload (see {@link Payload})
 * </pre>
 *
 * <p>The checksum (CRC-32C) of a record also covers the id of the log, the number and epoch of its segment, and its
 * offset. Bytes in a client's text, or a misplaced disk block or file, are therefore not accepted as a record.
 *
 * <p>{@code forcedTo} is the offset up to which the segment was forced when the record was written. A valid record
 * proves that the bytes before that offset were on the disk. It proves nothing about the bytes between that offset and
 * itself.
 *
 * <p>In versions 1 to 3, the header and the checksums include neither the epoch nor the id of the log. Version 1 has no
 * {@code forcedTo} and no preallocated zeros. In that version, a valid record proves that all bytes before it were on
 * the disk. Versions 1 and 2 contain only the payload kinds 1 and 2.
 */
final class Segment {

    /**
     * The version of new segments. A segment of a later version is refused. Every earlier version stays readable: see
     * src/test/resources/log. Cleaning copies payloads unchanged into new segments, so the payload kinds of earlier
     * versions stay valid in later ones.
     */
    static final byte VERSION = 4;

    private static final byte LEGACY_VERSION_MAX = 3;

    static final int HEADER_BYTES = 32;
    static final int LEGACY_HEADER_BYTES = 20;
    private static final int LOG_ID_OFFSET = 20;
    static final int RECORD_HEADER_BYTES = 24;
    private static final int RECORD_HEADER_BYTES_V1 = 16;

    private static final byte[] MAGIC = "DTCLOG\n".getBytes(StandardCharsets.US_ASCII);

    private final long logId;
    private final long number;
    private final int epoch;
    private final byte version;
    private final String name;
    /** The size in bytes, up to the end of the last record. */
    private long sizeBytes;
    /** The size in bytes, including preallocated zeros. */
    private long fileSizeBytes;
    /** The offset up to which the segment is on the disk. */
    private long forcedTo;
    /** The number of bytes of the records that are in the index. */
    private long liveBytes;

    /** @param size the number of bytes to read; the file may be longer */
    Segment(long logId, long number, int epoch, byte version, long size) {
        this.logId = logId;
        this.number = number;
        this.epoch = epoch;
        this.version = version;
        this.name = FileName.segment(number, epoch);
        this.forcedTo = headerBytes();
        resize(size);
    }

    /** Returns a new, empty segment of the current version. */
    static Segment create(long logId, long number, int epoch) {
        return new Segment(logId, number, epoch, VERSION, HEADER_BYTES);
    }

    /** Creates a segment from its header, without checking the header. */
    static Segment fromHeader(Storage storage, FileName name) throws IOException {
        String file = FileName.segment(name.number(), name.epoch());
        ByteBuffer header = storage.read(file, 0, HEADER_BYTES);
        boolean hasLogId = name.epoch() > 0 && header.remaining() >= HEADER_BYTES;
        return new Segment(
                hasLogId ? header.getLong(LOG_ID_OFFSET) : 0,
                name.number(),
                name.epoch(),
                versionToRead(header, name.epoch()),
                storage.size(file));
    }

    /**
     * Returns the version to use for reading records. The header may be damaged, so it is used only if the epoch does
     * not determine the version.
     */
    static byte versionToRead(ByteBuffer header, int epoch) {
        if (epoch > 0) {
            return VERSION;
        }
        byte version = readVersion(header);
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

    long sizeBytes() {
        return sizeBytes;
    }

    boolean isEmpty() {
        return sizeBytes <= headerBytes();
    }

    long fileSizeBytes() {
        return fileSizeBytes;
    }

    boolean hasPreallocatedBytes() {
        return fileSizeBytes > sizeBytes;
    }

    /** Sets the size, without preallocated bytes. */
    void resize(long newSize) {
        sizeBytes = newSize;
        fileSizeBytes = newSize;
    }

    /**
     * Updates the sizes after records were written. They end at {@code newSize}; the file has at least
     * {@code newFileSize} bytes.
     */
    void grow(long newSize, long newFileSize) {
        sizeBytes = newSize;
        fileSizeBytes = Math.max(fileSizeBytes, newFileSize);
    }

    void markForced() {
        forcedTo = sizeBytes;
    }

    /** Whether records contain the offset up to which the segment was forced. */
    boolean hasForcedOffsets() {
        return version > 1;
    }

    private boolean isLegacy() {
        return version <= LEGACY_VERSION_MAX;
    }

    int headerBytes() {
        return isLegacy() ? LEGACY_HEADER_BYTES : HEADER_BYTES;
    }

    int recordHeaderBytes() {
        return hasForcedOffsets() ? RECORD_HEADER_BYTES : RECORD_HEADER_BYTES_V1;
    }

    long liveBytes() {
        return liveBytes;
    }

    void addLiveBytes(long bytes) {
        liveBytes += bytes;
    }

    /** Returns the expected header. */
    ByteBuffer encodeHeader() {
        return isLegacy()
                ? encodeLegacyHeader(number, version)
                : appendChecksum(encodeHeaderWithoutChecksum(version, number, HEADER_BYTES)
                        .putInt(epoch)
                        .putLong(logId));
    }

    /** Returns the content of the format file. It has the layout of a legacy segment header. */
    static ByteBuffer encodeFormatFile() {
        return encodeFormatFile(VERSION);
    }

    static ByteBuffer encodeFormatFile(byte version) {
        return encodeLegacyHeader(0, version);
    }

    private static ByteBuffer encodeLegacyHeader(long number, byte version) {
        return appendChecksum(encodeHeaderWithoutChecksum(version, number, LEGACY_HEADER_BYTES));
    }

    private static ByteBuffer encodeHeaderWithoutChecksum(byte version, long number, int bytes) {
        return ByteBuffer.allocate(bytes).put(MAGIC).put(version).putLong(number);
    }

    private static ByteBuffer appendChecksum(ByteBuffer header) {
        CRC32C checksum = new CRC32C();
        checksum.update(header.duplicate().flip());
        return header.putInt((int) checksum.getValue()).flip();
    }

    /** Returns the version in a header; 0 if the header is too short. */
    static byte readVersion(ByteBuffer header) {
        return header.remaining() <= MAGIC.length ? 0 : header.get(MAGIC.length);
    }

    /**
     * Returns the damage if {@code header} is not the header of a segment of a supported version; otherwise null. Does
     * not check the rest of the header.
     */
    static @Nullable Damage checkVersion(String name, ByteBuffer header) {
        if (header.remaining() < LEGACY_HEADER_BYTES) {
            return new Damage(name, 0, "the file is shorter than the header of a segment", Remedy.RESTORE);
        }
        if (!header.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
            return new Damage(name, 0, "this is not a segment of a decision log", Remedy.RESTORE);
        }
        byte version = readVersion(header);
        if (version < 1 || version > VERSION) {
            return new Damage(
                    name,
                    0,
                    "format version " + version + " is not supported; this program reads versions 1 to " + VERSION,
                    version > VERSION ? Remedy.UPGRADE : Remedy.RESTORE);
        }
        return null;
    }

    /** Returns the damage if {@code header} is not the expected header; otherwise null. */
    @Nullable
    Damage checkHeader(ByteBuffer header) {
        Damage unsupported = checkVersion(name, header);
        if (unsupported != null) {
            return unsupported;
        }
        return header.remaining() >= headerBytes()
                        && header.slice(0, headerBytes()).equals(encodeHeader())
                ? null
                : new Damage(name, 0, "the header is damaged, or is the header of another segment", Remedy.RESTORE);
    }

    /** Encodes a record that will be written at {@code offset}. */
    void encode(ByteBuffer out, long offset, long sequence, ByteBuffer payload) {
        out.putInt(payload.remaining())
                .putInt(computeChecksum(offset, sequence, forcedTo, payload))
                .putLong(sequence)
                .putLong(forcedTo)
                .put(payload.duplicate());
    }

    int computeChecksum(long offset, long sequence, long recordForcedTo, ByteBuffer payload) {
        ByteBuffer rest = ByteBuffer.allocate(5 * Long.BYTES + 2 * Integer.BYTES);
        rest.putLong(number).putLong(offset).putLong(sequence).putInt(payload.remaining());
        if (hasForcedOffsets()) {
            rest.putLong(recordForcedTo);
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
