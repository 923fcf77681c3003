package dtc.log.file;

import dtc.log.LogRecord;
import dtc.log.file.Claim.Position;
import dtc.log.file.Damage.Remedy;
import dtc.log.file.LogIndex.Location;
import dtc.log.file.Manifest.SegmentEntry;
import dtc.log.file.SegmentReader.Invalid;
import dtc.log.file.SegmentReader.Valid;
import dtc.log.file.SegmentReader.Zeros;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The segments of the log, and an index of the newest record of each transaction. Records are appended only to a
 * segment that this process has created. It is listed in the manifest before its first record, and its length is listed
 * when it is complete. Not thread-safe: used by the writer only. Opened by {@link LogOpener}.
 *
 * <p>Every method throws a {@link NotWrittenException} if the log is unchanged, a {@link FencedException} if another
 * process has claimed it, and any other {@link IOException} if the content of the files is unknown and the process must
 * end.
 */
final class LogFiles {

    /**
     * The number of bytes read from the oldest segment in one step of cleaning. Larger than a batch, so that cleaning
     * keeps up with appends.
     */
    static final int CLEANING_BYTES = 2 * FileDecisionLog.BATCH_BYTES_MAX;

    /**
     * The number of segments that are kept even if they are short. Each process creates a segment, so without cleaning
     * the number of segments would grow with each restart.
     */
    private static final int SHORT_SEGMENTS_MAX = 8;

    private final Storage storage;
    private final Claim claim;
    private final EpochFiles epochFiles;
    private final FileDecisionLog.Settings settings;
    private final Consumer<String> notice;
    private Manifest manifest;
    /** In the order of their records. */
    private final Deque<Segment> segments = new ArrayDeque<>();
    /** The last segment, if this process has created one. */
    private @Nullable Segment current;

    private long nextNumber;

    private final LogIndex index = new LogIndex();
    /** Records that {@link #start} copies to the first segment of this process. */
    private final List<NewRecord> copies = new ArrayList<>();

    private long totalBytes;
    private long nextSequence;
    /** Whether the current segment contains bytes that are not forced. */
    private boolean dirty;

    private boolean positionFailed;
    /** The offset in the oldest segment up to which it is cleaned; 0 at its start. */
    private long cleanedOffset;

    /** A record to be written. */
    private record NewRecord(long sequence, ByteBuffer payload) {
        int length() {
            return Segment.RECORD_HEADER_BYTES + payload.remaining();
        }
    }

    /** @param notice receives notices for operators */
    LogFiles(
            Storage storage,
            Claim claim,
            Manifest manifest,
            long nextNumber,
            FileDecisionLog.Settings settings,
            Consumer<String> notice) {
        this.storage = storage;
        this.claim = claim;
        this.epochFiles = new EpochFiles(storage, claim);
        this.manifest = manifest;
        this.nextNumber = nextNumber;
        this.settings = settings;
        this.notice = notice;
    }

    // Opening

    /** Adds a segment of an earlier process, which this process only reads. */
    void addExistingSegment(Segment segment) {
        segments.add(segment);
        totalBytes += segment.sizeBytes();
    }

    void addRecord(Segment segment, Valid record) {
        nextSequence = Math.max(nextSequence, record.sequence() + 1);
        index.add(record.payload(), new Location(segment, record.offset(), record.length(), record.sequence()));
    }

    void addCopies(List<Valid> records) {
        for (Valid record : records) {
            nextSequence = Math.max(nextSequence, record.sequence() + 1);
            ByteBuffer payload = ByteBuffer.allocate(record.payload().remaining())
                    .put(record.payload().duplicate());
            copies.add(new NewRecord(record.sequence(), payload.flip()));
        }
    }

    /** Writes the copies, and after them the manifest of this epoch. */
    void start() throws IOException, NotWrittenException {
        if (!copies.isEmpty()) {
            addSegment(epochFiles.nextSegment(manifest.logId(), nextNumber));
            for (int from = 0; from < copies.size(); ) {
                int to = from + 1;
                for (long bytes = copies.get(from).length();
                        to < copies.size() && bytes < FileDecisionLog.BATCH_BYTES_MAX;
                        to++) {
                    bytes += copies.get(to).length();
                }
                writeRecords(segments.getLast(), copies.subList(from, to));
                from = to;
            }
            copies.clear();
            storage.force(segments.getLast().name());
            segments.getLast().markForced();
            dirty = false;
        }
        writeManifest();
        acknowledge();
    }

    /** Deletes the files that {@link #start} created, after it failed. */
    void deleteEpochFiles() throws IOException {
        epochFiles.deleteUnused();
        if (current != null) {
            storage.delete(current.name());
        }
    }

    Manifest manifest() {
        return manifest;
    }

    /** Creates the files that are needed next, if they do not exist. */
    void prepare() throws IOException, NotWrittenException {
        if (!epochFiles.isPrepared()) {
            epochFiles.prepare(manifest.logId(), nextNumber);
        }
    }

    boolean isPrepared() {
        return epochFiles.isPrepared();
    }

    /** Passes the newest record of each transaction to the consumer, in append order. */
    void replay(Consumer<LogRecord> consumer) throws IOException {
        Map<Segment, SegmentReader> readers = new HashMap<>();
        for (Location location : index.locationsInAppendOrder()) {
            SegmentReader reader =
                    readers.computeIfAbsent(location.segment(), segment -> new SegmentReader(storage, segment));
            Valid record = readValidRecord(reader, location.segment(), location.offset());
            try {
                consumer.accept(Payload.decode(record.payload()));
            } catch (IllegalArgumentException rejected) {
                UnreadableLogException unreadable =
                        unreadable(location.segment(), location.offset(), String.valueOf(rejected.getMessage()));
                unreadable.initCause(rejected);
                throw unreadable;
            }
        }
    }

    private Valid readValidRecord(SegmentReader reader, Segment segment, long offset) throws IOException {
        return switch (reader.read(offset)) {
            case Valid record -> record;
            case Zeros _ -> throw unreadable(segment, offset, "only zeros");
            case Invalid invalid -> throw unreadable(segment, offset, invalid.reason());
        };
    }

    private UnreadableLogException unreadable(Segment segment, long offset, String reason) {
        return new UnreadableLogException(storage, new Damage(segment.name(), offset, reason, Remedy.RESTORE));
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
        if (current == null || (!current.isEmpty() && current.sizeBytes() + bytes > settings.segmentBytesMax())) {
            startSegment();
        }
        writeRecords(segments.getLast(), records);
    }

    /** Completes the current segment and continues with a new one. The manifest lists both before this returns. */
    private void startSegment() throws IOException, NotWrittenException {
        if (current != null) {
            truncatePreallocated(current);
            force();
        }
        Segment next = epochFiles.nextSegment(manifest.logId(), nextNumber);
        List<SegmentEntry> entries = new ArrayList<>(entries());
        if (current != null) {
            entries.removeLast();
            entries.add(new SegmentEntry(current.number(), current.epoch(), current.sizeBytes()));
        }
        entries.add(new SegmentEntry(next.number(), next.epoch(), SegmentEntry.OPEN));
        writeManifest(entries);
        addSegment(next);
    }

    private void addSegment(Segment segment) {
        segments.add(segment);
        current = segment;
        totalBytes += segment.sizeBytes();
        nextNumber = segment.number() + 1;
        epochFiles.markSegmentListed();
    }

    private List<SegmentEntry> entries() {
        return segments.stream()
                .map(segment -> new SegmentEntry(
                        segment.number(),
                        segment.epoch(),
                        segment == current ? SegmentEntry.OPEN : segment.sizeBytes()))
                .toList();
    }

    private void writeManifest() throws IOException, NotWrittenException {
        writeManifest(entries());
    }

    private void writeManifest(List<SegmentEntry> entries) throws IOException, NotWrittenException {
        Manifest next = manifest.withSegments(claim.epoch(), entries);
        epochFiles.write(next);
        manifest = next;
    }

    private void writeRecords(Segment segment, List<NewRecord> records) throws IOException, NotWrittenException {
        long start = segment.sizeBytes();
        ByteBuffer encoded =
                ByteBuffer.allocate(records.stream().mapToInt(NewRecord::length).sum());
        for (NewRecord record : records) {
            segment.encode(encoded, start + encoded.position(), record.sequence(), record.payload());
        }
        write(segment, encoded.flip(), settings.preallocatedBytes());
        dirty = true;
        totalBytes += encoded.remaining();
        long offset = start;
        for (NewRecord record : records) {
            index.add(record.payload(), new Location(segment, offset, record.length(), record.sequence()));
            offset += record.length();
        }
    }

    /**
     * Writes after the last record. If the write extends the file, zeros are preallocated for the next records, because
     * a force is much cheaper if the file length does not change.
     */
    private void write(Segment segment, ByteBuffer encoded, long preallocatedBytes)
            throws IOException, NotWrittenException {
        long end = segment.sizeBytes() + encoded.remaining();
        long fileEnd = end <= segment.fileSizeBytes()
                ? end
                : Math.max(end, Math.min(end + preallocatedBytes, settings.segmentBytesMax()));
        ByteBuffer out = ByteBuffer.allocate((int) (fileEnd - segment.sizeBytes()));
        out.put(encoded.duplicate()).rewind(); // the rest is zeros
        try {
            storage.write(segment.name(), segment.sizeBytes(), out);
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
            truncate(segment, segment.sizeBytes());
            storage.force(segment.name());
            segment.markForced();
            dirty = false;
        } catch (IOException undoFailure) {
            undoFailure.addSuppressed(failure);
            throw undoFailure;
        }
    }

    private void truncate(Segment segment, long size) throws IOException {
        storage.truncate(segment.name(), size);
        segment.resize(size);
    }

    /**
     * Makes all written records durable, then checks the claim. The records may then be acknowledged: a process that
     * claims the log later reads them.
     */
    void force() throws IOException {
        if (dirty && current != null) {
            storage.force(current.name());
            current.markForced();
            dirty = false;
            claim.check();
            requireInPlace(current.name());
            acknowledge();
        }
    }

    /**
     * Records the acknowledged position. The position only serves to detect damage, and a lower position is also valid,
     * so a failure is ignored.
     */
    private void acknowledge() {
        try {
            claim.writePosition(
                    current == null
                            ? new Position(manifest.logId(), 0, 0)
                            : new Position(manifest.logId(), current.number(), current.sizeBytes()));
            positionFailed = false;
        } catch (IOException failure) {
            if (!positionFailed) {
                notice.accept("the acknowledged position cannot be written: " + failure.getMessage());
            }
            positionFailed = true;
        }
    }

    private void requireInPlace(String name) throws IOException {
        if (!storage.isInPlace(name)) {
            throw new IOException("%s in %s was removed or replaced while this process was using it"
                    .formatted(name, storage.location()));
        }
    }

    /** Checks that no file of the log was removed or replaced. */
    void check() throws IOException {
        claim.check();
        for (Segment segment : segments) {
            requireInPlace(segment.name());
        }
        requireInPlace(FileName.manifest(claim.epoch()));
    }

    /** Removes the preallocated bytes, so that a complete segment ends with its last record. */
    private void truncatePreallocated(Segment segment) throws IOException {
        if (segment.hasPreallocatedBytes()) {
            truncate(segment, segment.sizeBytes());
            dirty = true;
        }
    }

    // Cleaning

    /**
     * Whether the dead bytes exceed the live bytes by more than a segment, or the oldest segment has no live bytes, or
     * there are many short segments. The log is therefore never longer than twice its live bytes plus two segments.
     */
    boolean isCleaningDue() {
        if (segments.isEmpty() || segments.getFirst() == current) {
            return false;
        }
        return segments.getFirst().liveBytes() == 0
                || totalBytes - index.liveBytes() > index.liveBytes() + settings.segmentBytesMax()
                || segments.size() > SHORT_SEGMENTS_MAX + 2 * totalBytes / settings.segmentBytesMax();
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
        cleanedOffset = oldest.liveBytes() == 0 ? oldest.sizeBytes() : copyLive(oldest);
        if (cleanedOffset < oldest.sizeBytes()) {
            return;
        }
        force(); // the copies, and the records that replaced others
        List<SegmentEntry> entries = entries();
        // A process that claims the log later either reads this manifest, or fences this process before the deletion.
        writeManifest(entries.subList(1, entries.size()));
        segments.removeFirst();
        totalBytes -= oldest.sizeBytes();
        cleanedOffset = 0;
        try {
            storage.delete(oldest.name());
        } catch (IOException failure) {
            notice.accept("a segment that is no longer needed cannot be deleted: " + failure.getMessage());
        }
    }

    private long copyLive(Segment oldest) throws IOException, NotWrittenException {
        SegmentReader reader = new SegmentReader(storage, oldest);
        List<NewRecord> live = new ArrayList<>();
        long start = Math.max(cleanedOffset, oldest.headerBytes());
        long offset = start;
        while (offset < oldest.sizeBytes() && offset - start < CLEANING_BYTES) {
            Valid record = readValidRecord(reader, oldest, offset);
            if (index.isNewest(record.payload(), oldest, offset)) {
                live.add(new NewRecord(record.sequence(), record.payload()));
            }
            offset += record.length();
        }
        if (!live.isEmpty()) {
            write(live);
        }
        return offset;
    }

    /** Forces everything and releases the storage. */
    void close() throws IOException {
        if (current != null) {
            truncatePreallocated(current);
        }
        force();
        claim.force();
        epochFiles.deleteUnused();
        storage.close();
    }
}
