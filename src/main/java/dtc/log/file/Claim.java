package dtc.log.file;

import dtc.protocol.TransactionId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Fences other processes that write the log. Each process that opens the log creates a claim file with a new, highest
 * epoch, renames the claims of earlier epochs, and then reads the log. A process forces a record and checks that its
 * claim file still exists before it acknowledges the record. A fenced process therefore acknowledges no record that its
 * successor did not read.
 *
 * <p>The file also contains the position up to which the process has acknowledged records. It is written before the
 * acknowledgement, but not forced. It therefore survives a crash of the process, and may be lost in a power failure.
 *
 * <p>The layout, with the size of each field in bytes. The position is initially all zeros, including its checksum.
 *
 * <pre>
 * header    "DTCCLM\n" 7, format version 1, epoch 4, checksum 4 (of these fields)
 * position  id of the log 8, number of the segment 8, offset 8, checksum 4 (of these fields and the epoch)
 * </pre>
 */
final class Claim {

    private static final byte[] MAGIC = "DTCCLM\n".getBytes(StandardCharsets.US_ASCII);
    static final int HEADER_BYTES = 16;
    static final int POSITION_BYTES = 3 * Long.BYTES + Integer.BYTES;

    private final Storage storage;
    private final int epoch;
    private final String name;

    /**
     * The end of the acknowledged records.
     *
     * @param segment the number of the segment; 0 if no record was acknowledged
     */
    record Position(long logId, long segment, long offset) {}

    private Claim(Storage storage, int epoch) {
        this.storage = storage;
        this.epoch = epoch;
        this.name = FileName.claim(epoch);
    }

    /**
     * Creates a claim and supersedes all earlier ones.
     *
     * @throws FencedException if another process acquires a claim concurrently
     */
    static Claim acquire(Storage storage) throws IOException {
        Claim claim = create(storage);
        try {
            storage.write(claim.name, 0, claim.encode());
            storage.force(claim.name);
            storage.forceDirectory();
            claim.supersedeEarlier();
            // If two processes acquire a claim concurrently, at least one of them sees the claim of the other, here or
            // above.
            claim.check();
            int highest = FileName.highestEpoch(storage.names());
            if (highest > claim.epoch) {
                throw new FencedException(storage, highest);
            }
            return claim;
        } catch (IOException | RuntimeException failure) {
            claim.releaseAfter(failure);
            throw failure;
        }
    }

    private static Claim create(Storage storage) throws IOException {
        while (true) {
            int epoch = FileName.highestEpoch(storage.names()) + 1;
            if (epoch > TransactionId.EPOCH_MAX) {
                throw new IOException("the log in %s has no epochs left. Move it away and create a new one"
                        .formatted(storage.location()));
            }
            Claim claim = new Claim(storage, epoch);
            try {
                storage.create(claim.name);
                return claim;
            } catch (IOException failure) {
                if (!storage.names().contains(claim.name)) {
                    throw failure;
                }
                // Another process created it. Use the next epoch.
            }
        }
    }

    private void supersedeEarlier() throws IOException {
        for (String other : storage.names()) {
            FileName parsed = FileName.parse(other);
            if (parsed != null && parsed.kind() == FileName.Kind.CLAIM && parsed.epoch() < epoch) {
                try {
                    storage.rename(other, FileName.supersededClaim(parsed.epoch()));
                } catch (IOException failure) {
                    if (storage.names().contains(other)) {
                        throw failure;
                    }
                    // Another process has renamed it.
                }
            }
        }
        storage.forceDirectory();
    }

    /** Deletes the claim, so that a failed attempt to open the log leaves no file behind. */
    void release() throws IOException {
        if (storage.isInPlace(name)) {
            storage.delete(name);
        }
    }

    /** Like {@link #release}, but adds a failure to {@code failure} as suppressed. */
    void releaseAfter(Exception failure) {
        try {
            release();
        } catch (IOException | RuntimeException releaseFailure) {
            failure.addSuppressed(releaseFailure);
        }
    }

    int epoch() {
        return epoch;
    }

    String name() {
        return name;
    }

    /** @throws FencedException if another process has claimed the log */
    void check() throws IOException {
        if (!storage.isInPlace(name)) {
            int highest = FileName.highestEpoch(storage.names());
            throw highest > epoch
                    ? new FencedException(storage, highest)
                    : new IOException(
                            "%s in %s was removed or replaced while the process was using it, so this process stops"
                                    .formatted(name, storage.location()));
        }
    }

    /** Writes the position up to which all records are acknowledged or are about to be. */
    void writePosition(Position position) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(POSITION_BYTES)
                .putLong(position.logId())
                .putLong(position.segment())
                .putLong(position.offset());
        storage.write(
                name,
                HEADER_BYTES,
                bytes.putInt(computeChecksum(epoch, position)).flip());
    }

    /** Forces the position. */
    void force() throws IOException {
        storage.force(name);
    }

    private ByteBuffer encode() {
        return ByteBuffer.allocate(HEADER_BYTES + POSITION_BYTES)
                .put(encodeHeader(epoch))
                .rewind();
    }

    private static ByteBuffer encodeHeader(int epoch) {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
        header.put(MAGIC).put(Segment.VERSION).putInt(epoch);
        CRC32C checksum = new CRC32C();
        checksum.update(header.array(), 0, header.position());
        return header.putInt((int) checksum.getValue()).flip();
    }

    private static int computeChecksum(int epoch, Position position) {
        ByteBuffer bytes = ByteBuffer.allocate(3 * Long.BYTES + Integer.BYTES);
        bytes.putLong(position.logId()).putLong(position.segment()).putLong(position.offset());
        CRC32C checksum = new CRC32C();
        checksum.update(bytes.putInt(epoch).flip());
        return (int) checksum.getValue();
    }

    /** Whether the file starts with the header of a claim of that epoch. */
    static boolean isValid(Storage storage, String name, int epoch) throws IOException {
        return storage.read(name, 0, HEADER_BYTES).equals(encodeHeader(epoch));
    }

    /**
     * Reads the position in a claim file; null if it is missing or invalid. The position is not forced, so a power
     * failure may leave it invalid.
     */
    static @Nullable Position readPosition(Storage storage, String name, int epoch) throws IOException {
        ByteBuffer bytes = storage.read(name, HEADER_BYTES, POSITION_BYTES);
        if (bytes.remaining() < POSITION_BYTES) {
            return null;
        }
        Position position = new Position(bytes.getLong(), bytes.getLong(), bytes.getLong());
        return bytes.getInt() == computeChecksum(epoch, position) ? position : null;
    }
}
