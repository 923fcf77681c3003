package dtc.log.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.OptionalLong;

/** Reads the records of one segment. */
final class SegmentReader {

    private static final int WINDOW_BYTES = 1 << 16;

    /** The content at an offset. */
    sealed interface Content {}

    /**
     * A record with a valid checksum.
     *
     * @param length its size in the segment
     * @param sequence its position in append order; a copy made by cleaning keeps it
     * @param forcedTo the offset up to which the segment was forced when the record was written
     */
    record Valid(long offset, int length, long sequence, long forcedTo, ByteBuffer payload) implements Content {}

    /** Only zeros up to the end of the file: preallocated for the next records. */
    record Zeros(long offset) implements Content {}

    /** No valid record. */
    record Invalid(long offset, String reason) implements Content {}

    private final Storage storage;
    private final Segment segment;
    private ByteBuffer window = ByteBuffer.allocate(0);
    private long windowOffset;

    SegmentReader(Storage storage, Segment segment) {
        this.storage = storage;
        this.segment = segment;
    }

    ByteBuffer readHeader() throws IOException {
        return storage.read(segment.name(), 0, segment.headerBytes());
    }

    Content read(long offset) throws IOException {
        if (isZeroFrom(offset)) {
            return new Zeros(offset);
        }
        int headBytes = segment.recordHeaderBytes();
        long remaining = segment.sizeBytes() - offset;
        if (remaining < headBytes) {
            return new Invalid(offset, remaining + " bytes are too few for a record");
        }
        int length = readLength(offset);
        if (length < Payload.BYTES_MIN || length > Payload.BYTES_MAX) {
            return new Invalid(offset, "a record cannot have " + length + " bytes");
        }
        if (length > remaining - headBytes) {
            return new Invalid(
                    offset,
                    "a record of " + length + " bytes, of which only " + (remaining - headBytes) + " are in the file");
        }
        int at = windowIndex(offset, headBytes + length);
        int expected = window.getInt(at + Integer.BYTES);
        long sequence = window.getLong(at + 2 * Integer.BYTES);
        long forced = segment.hasForcedOffsets() ? window.getLong(at + 2 * Integer.BYTES + Long.BYTES) : offset;
        ByteBuffer payload = window.slice(at + headBytes, length);
        int actual = segment.computeChecksum(offset, sequence, forced, payload);
        return actual == expected
                ? new Valid(offset, headBytes + length, sequence, forced, payload)
                : new Invalid(
                        offset,
                        String.format(Locale.ROOT, "the checksum is %08x and should be %08x", actual, expected));
    }

    private boolean isZeroFrom(long offset) throws IOException {
        for (long at = offset; at < segment.sizeBytes(); at++) {
            int position = windowIndex(at, 1);
            if (window.get(position) != 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * Returns the offset of the first valid record that proves that the invalid bytes at {@code offset} were once on
     * the disk; empty if there is none.
     */
    OptionalLong findProof(long offset) throws IOException {
        OptionalLong next = findRecord(offset + 1);
        while (next.isPresent() && read(next.getAsLong()) instanceof Valid valid && valid.forcedTo() <= offset) {
            next = findRecord(next.getAsLong() + valid.length());
        }
        return next;
    }

    /** Returns the offset of the first valid record at or after {@code offset}; empty if there is none. */
    OptionalLong findRecord(long offset) throws IOException {
        long last = segment.sizeBytes() - segment.recordHeaderBytes() - Payload.BYTES_MIN;
        for (long candidate = offset; candidate <= last; candidate++) {
            int length = readLength(candidate);
            if (length >= Payload.BYTES_MIN && length <= Payload.BYTES_MAX && read(candidate) instanceof Valid) {
                return OptionalLong.of(candidate);
            }
        }
        return OptionalLong.empty();
    }

    private int readLength(long offset) throws IOException {
        int at = windowIndex(offset, Integer.BYTES);
        return window.getInt(at);
    }

    /**
     * Returns the index in the window of the byte at {@code offset}. Reads a new window if the current one does not
     * contain {@code bytes} bytes starting there.
     */
    private int windowIndex(long offset, int bytes) throws IOException {
        if (offset < windowOffset || offset + bytes > windowOffset + window.limit()) {
            window = storage.read(segment.name(), offset, Math.max(bytes, WINDOW_BYTES));
            windowOffset = offset;
            if (window.limit() < bytes) {
                throw new IOException(
                        segment.name() + " became shorter than " + (offset + bytes) + " bytes while it was read");
            }
        }
        return (int) (offset - windowOffset);
    }
}
