package dtc.log.file;

import dtc.log.LogRecord;
import dtc.log.file.SegmentReader.Invalid;
import dtc.log.file.SegmentReader.Valid;
import dtc.log.file.SegmentReader.Zeros;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * The segments of the log, and an index of the newest record of each transaction. Records are appended only to the
 * newest segment. A segment is renamed to its final name, which makes it the newest, after the previous one is complete
 * and forced. So only the newest segment can have a torn tail. Not thread-safe: used by the writer only.
 *
 * <p>Every method throws a {@link NotWrittenException} if the log is unchanged, and an {@link IOException} if the
 * content of the files is unknown and the process must end.
 */
final class LogFiles {

    /**
     * The number of bytes read from the oldest segment in one step of cleaning. Larger than a batch, so that cleaning
     * keeps up with appends.
     */
    static final int CLEANING_BYTES = 2 * FileDecisionLog.BATCH_BYTES_MAX;

    /** The suffix of a segment file that has no valid head yet. */
    private static final String UNFINISHED = ".new";

    private final Storage storage;
    private final long segmentBytesMax;
    private final long preallocatedBytes;
    /** Ordered by number, without gaps. */
    private final Deque<Segment> segments = new ArrayDeque<>();

    private final Map<TransactionId, Location> index = new HashMap<>();

    private long totalBytes;
    private long liveBytes;
    private long nextSequence;
    /** Whether the newest segment contains bytes that are not forced. */
    private boolean dirty;
    /** The offset in the oldest segment up to which it is cleaned. */
    private long cleanedTo = Segment.HEAD_BYTES;

    /** The location of a record. */
    private record Location(Segment segment, long offset, int length, long sequence) {}

    /** A record to be written. */
    private record NewRecord(long sequence, ByteBuffer payload) {
        int length() {
            return Segment.RECORD_HEAD_BYTES + payload.remaining();
        }
    }

    private LogFiles(Storage storage, long segmentBytesMax, long preallocatedBytes) {
        this.storage = storage;
        this.segmentBytesMax = segmentBytesMax;
        this.preallocatedBytes = preallocatedBytes;
    }

    // Opening

    /**
     * Locks the storage, reads all segments, and truncates a torn tail.
     *
     * @param preallocatedBytes the number of zeros written after the records when a write extends the file
     * @param notice receives notices for operators
     * @throws UnreadableLogException if a record is invalid that was or may have been forced
     */
    static LogFiles open(Storage storage, long segmentBytesMax, long preallocatedBytes, Consumer<String> notice)
            throws IOException {
        storage.lock();
        try {
            LogFiles files = new LogFiles(storage, segmentBytesMax, preallocatedBytes);
            files.load(notice);
            return files;
        } catch (IOException | RuntimeException failure) {
            try {
                storage.close();
            } catch (IOException also) {
                failure.addSuppressed(also);
            }
            throw failure;
        }
    }

    private void load(Consumer<String> notice) throws IOException {
        List<Segment> found = segments(storage);
        for (Segment segment : found) {
            Segment last = segments.peekLast();
            if (last != null && segment.number() != last.number() + 1) {
                throw unreadable(
                        segment, 0, "the segment before it is missing; the one found before it is " + last.name());
            }
            boolean isNewest = segment == found.getLast();
            segments.add(segment);
            totalBytes += segment.size();
            load(segment, isNewest, notice);
        }
        // No file is changed until all segments have been read successfully.
        for (String name : storage.names()) {
            if (name.endsWith(UNFINISHED) && isSegment(name.substring(0, name.length() - UNFINISHED.length()))) {
                storage.delete(name);
            }
        }
        if (found.isEmpty()) {
            try {
                addSegment(1);
            } catch (NotWrittenException failure) {
                throw new IOException(
                        "no log can be created in %s: %s".formatted(storage.location(), failure.getMessage()), failure);
            }
        } else {
            // The previous process may have ended because of a failed force.
            storage.rewrite(found.getLast().name());
            storage.force(found.getLast().name());
            found.getLast().markForced();
            storage.forceDirectory();
        }
    }

    /** All segments in the storage, by number. */
    static List<Segment> segments(Storage storage) throws IOException {
        List<Segment> found = new ArrayList<>();
        for (String name : storage.names()) {
            OptionalLong number = Segment.number(name);
            if (number.isPresent()) {
                byte version = Segment.version(storage.read(name, 0, Segment.HEAD_BYTES));
                found.add(new Segment(number.getAsLong(), version, storage.size(name)));
            }
        }
        found.sort(Comparator.comparingLong(Segment::number));
        return found;
    }

    private static boolean isSegment(String name) {
        return Segment.number(name).isPresent();
    }

    private void load(Segment segment, boolean isNewest, Consumer<String> notice) throws IOException {
        SegmentReader reader = new SegmentReader(storage, segment);
        String invalidHead = Segment.invalidHead(reader.head(), segment.number());
        if (invalidHead != null) {
            throw unreadable(segment, 0, invalidHead);
        }
        long offset = Segment.HEAD_BYTES;
        while (offset < segment.size()) {
            switch (reader.at(offset)) {
                case Valid record -> {
                    load(segment, record);
                    offset += record.length();
                }
                case Zeros _
                when isNewest -> {
                    truncate(segment, offset);
                    return;
                }
                case Zeros _ -> throw unreadable(segment, offset, "nothing but zeros in a complete segment");
                case Invalid invalid
                when isNewest -> {
                    truncateTail(segment, reader, invalid, notice);
                    return;
                }
                case Invalid invalid -> throw unreadable(segment, offset, invalid.why());
            }
        }
    }

    private void load(Segment segment, Valid record) throws IOException {
        nextSequence = Math.max(nextSequence, record.sequence() + 1);
        if (!Payload.isKnown(record.payload())) {
            throw unreadable(
                    segment,
                    record.offset(),
                    "a payload of kind " + Payload.kind(record.payload()) + " is not supported");
        }
        updateIndex(segment, record.offset(), record.length(), record.sequence(), record.payload());
    }

    /**
     * Truncates a torn tail: bytes that were not forced before a crash. If a later record proves that these bytes were
     * forced, the invalid record was once valid and may contain an acknowledged decision, so the log is reported as
     * damaged.
     */
    private void truncateTail(Segment segment, SegmentReader reader, Invalid invalid, Consumer<String> notice)
            throws IOException {
        long proof = reader.findProof(invalid.offset());
        if (proof >= 0) {
            throw unreadable(
                    segment,
                    invalid.offset(),
                    invalid.why() + "; this is not a torn tail, because the record at byte " + proof
                            + " proves that it was forced");
        }
        notice.accept("truncated the torn tail of " + segment.name() + " in " + storage.location() + " at byte "
                + invalid.offset() + " (" + invalid.why() + ")");
        truncate(segment, invalid.offset());
    }

    private void truncate(Segment segment, long size) throws IOException {
        storage.truncate(segment.name(), size);
        totalBytes -= segment.size() - size;
        segment.resize(size);
    }

    private UnreadableLogException unreadable(Segment segment, long offset, String why) {
        return new UnreadableLogException(storage, segment.name(), offset, why);
    }

    /** Passes the newest record of each transaction to {@code each}, in append order. */
    void replay(Consumer<LogRecord> each) throws IOException {
        List<Location> locations = new ArrayList<>(index.values());
        locations.sort(Comparator.comparingLong(Location::sequence));
        Map<Segment, SegmentReader> readers = new HashMap<>();
        for (Location location : locations) {
            SegmentReader reader =
                    readers.computeIfAbsent(location.segment(), segment -> new SegmentReader(storage, segment));
            Valid record = validRecord(reader, location.segment(), location.offset());
            try {
                each.accept(Payload.decode(record.payload()));
            } catch (IllegalArgumentException rejected) {
                UnreadableLogException unreadable =
                        unreadable(location.segment(), location.offset(), String.valueOf(rejected.getMessage()));
                unreadable.initCause(rejected);
                throw unreadable;
            }
        }
    }

    private Valid validRecord(SegmentReader reader, Segment segment, long offset) throws IOException {
        return switch (reader.at(offset)) {
            case Valid record -> record;
            case Zeros _ -> throw unreadable(segment, offset, "nothing but zeros");
            case Invalid invalid -> throw unreadable(segment, offset, invalid.why());
        };
    }

    // Writing

    /** Writes the payloads after all existing records. They are durable after {@link #force}. */
    void append(List<ByteBuffer> payloads) throws IOException, NotWrittenException {
        List<NewRecord> records = new ArrayList<>(payloads.size());
        for (ByteBuffer payload : payloads) {
            records.add(new NewRecord(nextSequence++, payload));
        }
        write(records);
    }

    private void write(List<NewRecord> records) throws IOException, NotWrittenException {
        int bytes = records.stream().mapToInt(NewRecord::length).sum();
        Segment segment = segments.getLast();
        if (!segment.isOfCurrentVersion() || (!segment.isEmpty() && segment.size() + bytes > segmentBytesMax)) {
            truncatePreallocated();
            force();
            addSegment(segment.number() + 1);
            segment = segments.getLast();
        }
        long start = segment.size();
        ByteBuffer encoded = ByteBuffer.allocate(bytes);
        for (NewRecord record : records) {
            segment.put(encoded, start + encoded.position(), record.sequence(), record.payload());
        }
        write(segment, encoded.flip(), preallocatedBytes);
        dirty = true;
        totalBytes += bytes;
        long offset = start;
        for (NewRecord record : records) {
            updateIndex(segment, offset, record.length(), record.sequence(), record.payload());
            offset += record.length();
        }
    }

    /**
     * Writes after the last record. If the write extends the file, zeros are preallocated for the next records, because
     * a force is much cheaper if the file length does not change.
     */
    private void write(Segment segment, ByteBuffer encoded, long ahead) throws IOException, NotWrittenException {
        long end = segment.size() + encoded.remaining();
        long fileEnd = end <= segment.fileSize() ? end : Math.max(end, Math.min(end + ahead, segmentBytesMax));
        ByteBuffer out = ByteBuffer.allocate((int) (fileEnd - segment.size()));
        out.put(encoded.duplicate()).rewind(); // the rest is zeros
        try {
            storage.write(segment.name(), segment.size(), out);
        } catch (IOException failure) {
            undoWrite(segment, failure);
            if (fileEnd == end) {
                throw new NotWrittenException(failure);
            }
            write(segment, encoded, 0); // there may be enough free space without preallocation
            return;
        }
        segment.grow(end, fileEnd);
    }

    /** Truncates and forces the file. A record may be reported as not written only if it is not on the disk. */
    private void undoWrite(Segment segment, IOException failure) throws IOException {
        try {
            truncate(segment, segment.size());
            storage.force(segment.name());
            segment.markForced();
            dirty = false;
        } catch (IOException second) {
            second.addSuppressed(failure);
            throw second;
        }
    }

    private void updateIndex(Segment segment, long offset, int length, long sequence, ByteBuffer payload) {
        TransactionId id = Payload.id(payload);
        Location before = Payload.isForgotten(payload)
                ? index.remove(id)
                : index.put(id, new Location(segment, offset, length, sequence));
        if (before != null) {
            addLive(before.segment(), -before.length());
        }
        if (!Payload.isForgotten(payload)) {
            addLive(segment, length);
        }
    }

    private void addLive(Segment segment, long bytes) {
        segment.addLive(bytes);
        liveBytes += bytes;
    }

    /** Returns when all written records are on the disk. */
    void force() throws IOException {
        if (dirty) {
            storage.force(segments.getLast().name());
            segments.getLast().markForced();
            dirty = false;
        }
    }

    /** Removes the preallocated bytes, because a complete segment ends with its last record. */
    private void truncatePreallocated() throws IOException {
        Segment segment = segments.getLast();
        if (segment.hasPreallocatedBytes()) {
            truncate(segment, segment.size());
            dirty = true;
        }
    }

    /** Adds an empty segment. It is renamed to its final name after its head is on the disk. */
    private void addSegment(long number) throws IOException, NotWrittenException {
        String unfinished = Segment.name(number) + UNFINISHED;
        try {
            if (storage.names().contains(unfinished)) {
                storage.delete(unfinished); // left by a failed attempt
            }
            storage.create(unfinished);
            storage.write(unfinished, 0, Segment.head(number));
        } catch (IOException failure) {
            throw new NotWrittenException(failure);
        }
        storage.force(unfinished);
        storage.rename(unfinished, Segment.name(number));
        storage.forceDirectory();
        segments.add(new Segment(number, Segment.VERSION, Segment.HEAD_BYTES));
        totalBytes += Segment.HEAD_BYTES;
    }

    // Cleaning

    /**
     * Whether the dead bytes exceed the live bytes by more than a segment, or the oldest segment has no live bytes. So
     * the log is never longer than twice its live bytes plus two segments.
     */
    boolean isCleaningDue() {
        return segments.size() > 1
                && (segments.getFirst().liveBytes() == 0 || totalBytes - liveBytes > liveBytes + segmentBytesMax);
    }

    /**
     * Cleans a part of the oldest segment: copies its live records to the newest segment, and deletes the oldest
     * segment after its last part. Segments are cleaned in order, so a record is never deleted before the records that
     * it replaces.
     *
     * @throws UnreadableLogException if a record is invalid; the log is then unchanged
     */
    void clean() throws IOException, NotWrittenException {
        Segment oldest = segments.getFirst();
        long cleaned = oldest.liveBytes() == 0 ? oldest.size() : copyLive(oldest);
        cleanedTo = cleaned;
        if (cleaned == oldest.size()) {
            force(); // the copies, and the records that replaced others
            storage.delete(oldest.name());
            storage.forceDirectory();
            segments.removeFirst();
            totalBytes -= oldest.size();
            cleanedTo = Segment.HEAD_BYTES;
        }
    }

    private long copyLive(Segment oldest) throws IOException, NotWrittenException {
        SegmentReader reader = new SegmentReader(storage, oldest);
        List<NewRecord> copies = new ArrayList<>();
        long offset = cleanedTo;
        while (offset < oldest.size() && offset - cleanedTo < CLEANING_BYTES) {
            Valid record = validRecord(reader, oldest, offset);
            Location newest = index.get(Payload.id(record.payload()));
            if (newest != null && newest.segment() == oldest && newest.offset() == offset) {
                copies.add(new NewRecord(record.sequence(), record.payload()));
            }
            offset += record.length();
        }
        if (!copies.isEmpty()) {
            write(copies);
        }
        return offset;
    }

    /** Forces everything and releases the storage. */
    void close() throws IOException {
        truncatePreallocated();
        force();
        storage.close();
    }
}
