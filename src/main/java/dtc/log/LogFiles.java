package dtc.log;

import dtc.log.SegmentReader.Bad;
import dtc.log.SegmentReader.Good;
import dtc.log.SegmentReader.Room;
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
 * The segments of the log, and where in them the newest record of each transaction is. Only the newest segment is
 * written to; a segment gets its name, and so becomes the newest, once the one before it is forced for good. Hence only
 * the newest can have a torn tail. Not safe for threads: the log's writer alone comes here.
 *
 * <p>Every method fails with a {@link NotWrittenException} where all stands as before, and with an {@link IOException}
 * where nobody can tell how the files stand, so that the process must end.
 */
final class LogFiles {

    /** Of the oldest segment, looked at in one step of cleaning: more than one batch adds, or disk use would grow. */
    static final int CLEANING_BYTES = 2 * FileDecisionLog.BATCH_BYTES_MAX;

    /** A segment that is not complete yet. */
    private static final String UNFINISHED = ".new";

    private final Storage storage;
    private final long segmentBytesMax;
    private final long roomBytes;
    /** By number, without a gap. */
    private final Deque<Segment> segments = new ArrayDeque<>();

    private final Map<TransactionId, Place> newest = new HashMap<>();

    private long totalBytes;
    private long liveBytes;
    private long nextSequence;
    /** Whether the newest segment holds what is not forced. */
    private boolean dirty;
    /** Up to where the oldest segment is cleaned. */
    private long cleanedTo = Segment.HEAD_BYTES;

    /** Where a record stands. */
    private record Place(Segment segment, long offset, int length, long sequence) {}

    /** A record to be written. */
    private record Draft(long sequence, ByteBuffer payload) {
        int length() {
            return Segment.RECORD_HEAD_BYTES + payload.remaining();
        }
    }

    private LogFiles(Storage storage, long segmentBytesMax, long roomBytes) {
        this.storage = storage;
        this.segmentBytesMax = segmentBytesMax;
        this.roomBytes = roomBytes;
    }

    // Opening

    /**
     * Takes the storage, reads all of it, and cuts off a torn tail.
     *
     * @param roomBytes zeros that are written behind the records where there is no room, for the next ones to overwrite
     * @param notice told of what people should know
     * @throws UnreadableLogException where a record is bad that was once forced, or may have been
     */
    static LogFiles open(Storage storage, long segmentBytesMax, long roomBytes, Consumer<String> notice)
            throws IOException {
        storage.lock();
        try {
            LogFiles files = new LogFiles(storage, segmentBytesMax, roomBytes);
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
                throw new UnreadableLogException(
                        storage,
                        segment.name(),
                        0,
                        "the segment before it is missing; the one before that is " + last.name());
            }
            boolean isNewest = segment == found.getLast();
            segments.add(segment);
            totalBytes += segment.size();
            load(segment, isNewest, notice);
        }
        // Only now that all is readable is anything changed.
        for (String name : storage.names()) {
            if (name.endsWith(UNFINISHED) && isSegment(name.substring(0, name.length() - UNFINISHED.length()))) {
                storage.delete(name);
            }
        }
        if (found.isEmpty()) {
            try {
                begin(1);
            } catch (NotWrittenException failure) {
                throw new IOException(
                        "no log can be begun in %s: %s".formatted(storage.where(), failure.getMessage()), failure);
            }
        } else {
            // Whoever wrote this may have died of a failed force.
            storage.rewrite(found.getLast().name());
            storage.force(found.getLast().name());
            found.getLast().markForced();
            storage.forceDirectory();
        }
    }

    /** All that are there, by number. */
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
        String wrongHead = Segment.wrongHead(reader.head(), segment.number());
        if (wrongHead != null) {
            throw new UnreadableLogException(storage, segment.name(), 0, wrongHead);
        }
        long offset = Segment.HEAD_BYTES;
        while (offset < segment.size()) {
            switch (reader.at(offset)) {
                case Good good -> {
                    load(segment, good);
                    offset += good.length();
                }
                case Room _
                when isNewest -> {
                    cut(segment, offset);
                    return;
                }
                case Room _ -> throw unreadable(segment, offset, "nothing but zeros, and this segment is complete");
                case Bad bad
                when isNewest -> {
                    cutTail(segment, reader, bad, notice);
                    return;
                }
                case Bad bad -> throw unreadable(segment, offset, bad.why());
            }
        }
    }

    private void load(Segment segment, Good good) throws IOException {
        nextSequence = Math.max(nextSequence, good.sequence() + 1);
        if (!RecordCodec.isKnown(good.payload())) {
            throw unreadable(
                    segment,
                    good.offset(),
                    "a record of kind %d, of which this program knows nothing"
                            .formatted(good.payload().get(0)));
        }
        stands(segment, good.offset(), good.length(), good.sequence(), good.payload());
    }

    /**
     * A tail is what a crash left of what was not forced: nothing behind it says that it was. Where something does, the
     * bad record was whole once, and a decision in it may have been acknowledged.
     */
    private void cutTail(Segment segment, SegmentReader reader, Bad bad, Consumer<String> notice) throws IOException {
        long proof = reader.findProof(bad.offset());
        if (proof >= 0) {
            throw unreadable(
                    segment,
                    bad.offset(),
                    "%s; and this is no torn tail, since the record at byte %d was written when this was on the disk"
                            .formatted(bad.why(), proof));
        }
        notice.accept("cut off the torn tail of %s in %s, from byte %d on (%s)"
                .formatted(segment.name(), storage.where(), bad.offset(), bad.why()));
        cut(segment, bad.offset());
    }

    private void cut(Segment segment, long size) throws IOException {
        storage.truncate(segment.name(), size);
        totalBytes -= segment.size() - size;
        segment.resize(size);
    }

    private UnreadableLogException unreadable(Segment segment, long offset, String why) {
        return new UnreadableLogException(storage, segment.name(), offset, why);
    }

    /** Gives the newest record of each transaction, in the order in which they were first written. */
    void replay(Consumer<TransactionRecord> each) throws IOException {
        List<Place> places = new ArrayList<>(newest.values());
        places.sort(Comparator.comparingLong(Place::sequence));
        Map<Segment, SegmentReader> readers = new HashMap<>();
        for (Place place : places) {
            SegmentReader reader =
                    readers.computeIfAbsent(place.segment(), segment -> new SegmentReader(storage, segment));
            Good good = good(reader, place.segment(), place.offset());
            TransactionRecord record;
            try {
                record = RecordCodec.decode(good.payload());
            } catch (IllegalArgumentException unknown) {
                throw unreadable(place.segment(), place.offset(), String.valueOf(unknown.getMessage()));
            }
            each.accept(record);
        }
    }

    private Good good(SegmentReader reader, Segment segment, long offset) throws IOException {
        return switch (reader.at(offset)) {
            case Good good -> good;
            case Room _ -> throw unreadable(segment, offset, "nothing but zeros");
            case Bad bad -> throw unreadable(segment, offset, bad.why());
        };
    }

    // Writing

    /** Writes these behind all others; durable after {@link #force}. */
    void append(List<ByteBuffer> payloads) throws IOException, NotWrittenException {
        List<Draft> drafts = new ArrayList<>(payloads.size());
        for (ByteBuffer payload : payloads) {
            drafts.add(new Draft(nextSequence++, payload));
        }
        write(drafts);
    }

    private void write(List<Draft> drafts) throws IOException, NotWrittenException {
        int bytes = drafts.stream().mapToInt(Draft::length).sum();
        Segment segment = segments.getLast();
        if (!segment.isOfThisVersion() || (!segment.isEmpty() && segment.size() + bytes > segmentBytesMax)) {
            trim();
            force();
            begin(segment.number() + 1);
            segment = segments.getLast();
        }
        long start = segment.size();
        ByteBuffer records = ByteBuffer.allocate(bytes);
        for (Draft draft : drafts) {
            segment.put(records, start + records.position(), draft.sequence(), draft.payload());
        }
        put(segment, records.flip(), roomBytes);
        dirty = true;
        totalBytes += bytes;
        long offset = start;
        for (Draft draft : drafts) {
            stands(segment, offset, draft.length(), draft.sequence(), draft.payload());
            offset += draft.length();
        }
    }

    /**
     * Writes behind the last record. Where that lengthens the file, it is lengthened for others too: to force what only
     * overwrites takes much less, since the length does not change.
     */
    private void put(Segment segment, ByteBuffer records, long ahead) throws IOException, NotWrittenException {
        long end = segment.size() + records.remaining();
        long room = end <= segment.room() ? end : Math.max(end, Math.min(end + ahead, segmentBytesMax));
        ByteBuffer out = ByteBuffer.allocate((int) (room - segment.size()));
        out.put(records.duplicate()).rewind(); // zeros are behind them
        try {
            storage.write(segment.name(), segment.size(), out);
        } catch (IOException failure) {
            undo(segment, failure);
            if (room == end) {
                throw new NotWrittenException(failure);
            }
            put(segment, records, 0); // there may be enough on the disk for these
            return;
        }
        segment.grow(end, room);
    }

    /** Only what is surely gone may be called never recorded. */
    private void undo(Segment segment, IOException failure) throws IOException {
        try {
            cut(segment, segment.size());
            storage.force(segment.name());
            segment.markForced();
            dirty = false;
        } catch (IOException second) {
            second.addSuppressed(failure);
            throw second;
        }
    }

    /** Takes note of what a record says. */
    private void stands(Segment segment, long offset, int length, long sequence, ByteBuffer payload) {
        TransactionId id = RecordCodec.id(payload);
        Place before = RecordCodec.isForgotten(payload)
                ? newest.remove(id)
                : newest.put(id, new Place(segment, offset, length, sequence));
        if (before != null) {
            addLive(before.segment(), -before.length());
        }
        if (!RecordCodec.isForgotten(payload)) {
            addLive(segment, length);
        }
    }

    private void addLive(Segment segment, long bytes) {
        segment.addLive(bytes);
        liveBytes += bytes;
    }

    /** Puts on the disk all that is written. */
    void force() throws IOException {
        if (dirty) {
            storage.force(segments.getLast().name());
            segments.getLast().markForced();
            dirty = false;
        }
    }

    /** Cuts off the room that is left: whoever comes next finds the end of the file where the records end. */
    private void trim() throws IOException {
        Segment segment = segments.getLast();
        if (!segment.isTrim()) {
            cut(segment, segment.size());
            dirty = true;
        }
    }

    /** Begins a segment. It has its name only once its head is on the disk. */
    private void begin(long number) throws IOException, NotWrittenException {
        String unfinished = Segment.name(number) + UNFINISHED;
        try {
            if (storage.names().contains(unfinished)) {
                storage.delete(unfinished); // of a try that failed
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
     * Whether more than half of the log, and more than a segment, is of no use any more, or the oldest segment as a
     * whole. So the log is never longer than twice what is live and two segments.
     */
    boolean isCleaningDue() {
        return segments.size() > 1
                && (segments.getFirst().liveBytes() == 0 || totalBytes - liveBytes > liveBytes + segmentBytesMax);
    }

    /**
     * Goes a step on with the oldest segment: copies forward what still stands, and deletes the segment at its end.
     * Since the oldest goes first, a record that says that a transaction is forgotten, or stands otherwise, never goes
     * before what it overrules.
     *
     * @throws UnreadableLogException where a record is bad; all stands as before
     */
    void clean() throws IOException, NotWrittenException {
        Segment oldest = segments.getFirst();
        long cleaned = oldest.liveBytes() == 0 ? oldest.size() : copy(oldest);
        cleanedTo = cleaned;
        if (cleaned == oldest.size()) {
            force(); // the copies, and the ends that made other records useless
            storage.delete(oldest.name());
            storage.forceDirectory();
            segments.removeFirst();
            totalBytes -= oldest.size();
            cleanedTo = Segment.HEAD_BYTES;
        }
    }

    private long copy(Segment oldest) throws IOException, NotWrittenException {
        SegmentReader reader = new SegmentReader(storage, oldest);
        List<Draft> copies = new ArrayList<>();
        long offset = cleanedTo;
        while (offset < oldest.size() && offset - cleanedTo < CLEANING_BYTES) {
            Good good = good(reader, oldest, offset);
            Place place = newest.get(RecordCodec.id(good.payload()));
            if (place != null && place.segment() == oldest && place.offset() == offset) {
                copies.add(new Draft(good.sequence(), good.payload()));
            }
            offset += good.length();
        }
        if (!copies.isEmpty()) {
            write(copies);
        }
        return offset;
    }

    /** Puts all on the disk and gives the storage free. */
    void close() throws IOException {
        trim();
        force();
        storage.close();
    }
}
