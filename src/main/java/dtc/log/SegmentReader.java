package dtc.log;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads the records of one segment, wherever they stand. */
final class SegmentReader {

    private static final int WINDOW_BYTES = 1 << 16;

    /** What stands at an offset. */
    sealed interface Found {}

    /**
     * A record that is whole.
     *
     * @param length bytes that it takes in the segment
     * @param sequence grows with the time of recording; a copy keeps it
     * @param forced up to where the segment was surely on the disk when this was written
     */
    record Good(long offset, int length, long sequence, long forced, ByteBuffer payload) implements Found {}

    /** Nothing but zeros, up to the end: what the next records were to overwrite. */
    record Room(long offset) implements Found {}

    /** No record. */
    record Bad(long offset, String why) implements Found {}

    private final Storage storage;
    private final Segment segment;
    private ByteBuffer window = ByteBuffer.allocate(0);
    private long windowOffset;

    SegmentReader(Storage storage, Segment segment) {
        this.storage = storage;
        this.segment = segment;
    }

    ByteBuffer head() throws IOException {
        return storage.read(segment.name(), 0, Segment.HEAD_BYTES);
    }

    Found at(long offset) throws IOException {
        if (isRoom(offset)) {
            return new Room(offset);
        }
        int headBytes = segment.recordHeadBytes();
        long remaining = segment.size() - offset;
        if (remaining < headBytes) {
            return new Bad(offset, "%d bytes, too few for a record".formatted(remaining));
        }
        int length = lengthAt(offset);
        if (length < RecordCodec.BYTES_MIN || length > RecordCodec.BYTES_MAX) {
            return new Bad(offset, "no record is %d bytes long".formatted(length));
        }
        if (length > remaining - headBytes) {
            return new Bad(
                    offset, "a record of %d bytes, of which %d are there".formatted(length, remaining - headBytes));
        }
        int at = position(offset, headBytes + length);
        int expected = window.getInt(at + Integer.BYTES);
        long sequence = window.getLong(at + 2 * Integer.BYTES);
        long forced = segment.tellsForced() ? window.getLong(at + 2 * Integer.BYTES + Long.BYTES) : offset;
        ByteBuffer payload = window.slice(at + headBytes, length);
        int actual = segment.checksum(offset, sequence, forced, payload);
        return actual == expected
                ? new Good(offset, headBytes + length, sequence, forced, payload)
                : new Bad(offset, "the checksum is %08x and should be %08x".formatted(actual, expected));
    }

    private boolean isRoom(long offset) throws IOException {
        for (long at = offset; at < segment.size(); at++) {
            int position = position(at, 1);
            if (window.get(position) != 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * Where the first whole record stands that proves that what is at {@code offset}, where none is, was on the disk
     * once; -1 where there is none.
     */
    long findProof(long offset) throws IOException {
        long next = findFrom(offset + 1);
        while (next >= 0 && at(next) instanceof Good good && good.forced() <= offset) {
            next = findFrom(next + good.length());
        }
        return next;
    }

    /** Where the first whole record stands at or behind {@code offset}; -1 where there is none. */
    long findFrom(long offset) throws IOException {
        long last = segment.size() - segment.recordHeadBytes() - RecordCodec.BYTES_MIN;
        for (long candidate = offset; candidate <= last; candidate++) {
            int length = lengthAt(candidate);
            if (length >= RecordCodec.BYTES_MIN && length <= RecordCodec.BYTES_MAX && at(candidate) instanceof Good) {
                return candidate;
            }
        }
        return -1;
    }

    private int lengthAt(long offset) throws IOException {
        int at = position(offset, Integer.BYTES);
        return window.getInt(at);
    }

    /** Where in the window the byte at {@code offset} is, with {@code bytes} from there on. */
    private int position(long offset, int bytes) throws IOException {
        if (offset < windowOffset || offset + bytes > windowOffset + window.limit()) {
            window = storage.read(segment.name(), offset, Math.max(bytes, WINDOW_BYTES));
            windowOffset = offset;
            if (window.limit() < bytes) {
                throw new IOException(
                        "%s ends before byte %d, which was there".formatted(segment.name(), offset + bytes));
            }
        }
        return (int) (offset - windowOffset);
    }
}
