package dtc.log.file;

import dtc.log.LogRecord;
import dtc.log.file.SegmentReader.Invalid;
import dtc.log.file.SegmentReader.Valid;
import dtc.log.file.SegmentReader.Zeros;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;

/**
 * Reads the files of a log for inspection: all records, including replaced ones, and invalid data. It changes nothing
 * and takes no lock, so a coordinator may be writing at the same time. The last record may then be incomplete, and a
 * segment may be deleted.
 */
public final class LogScanner {

    /** A range of bytes in a segment and its content. */
    public record Item(String segment, long offset, long length, Content content) {}

    /** The content of a range. */
    public sealed interface Content {}

    /** A record of a transaction. */
    public record Stored(long sequence, LogRecord record) implements Content {}

    /** A record that the transaction is forgotten. */
    public record Forgotten(long sequence, TransactionId id) implements Content {}

    /** Preallocated zeros, which the next records overwrite. */
    public record Preallocated() implements Content {}

    /** The torn tail of the newest segment, which the next start truncates. */
    public record TornTail(String why) implements Content {}

    /** Damaged data. The log cannot be opened. */
    public record Damage(String why) implements Content {}

    /** The segment changed while it was read. */
    public record Gone(String why) implements Content {}

    private final Storage storage;
    private final Consumer<Item> items;

    private LogScanner(Storage storage, Consumer<Item> items) {
        this.storage = storage;
        this.items = items;
    }

    /** Passes the content of the log to {@code items}, in file order. */
    public static void scan(Storage storage, Consumer<Item> items) throws IOException {
        LogScanner scanner = new LogScanner(storage, items);
        List<Segment> segments = LogFiles.segments(storage);
        Segment last = null;
        for (Segment segment : segments) {
            if (last != null && segment.number() != last.number() + 1) {
                scanner.damagedHead(
                        segment, "the segment before it is missing; the one found before it is " + last.name());
            }
            scanner.scanSegment(segment, segment == segments.getLast());
            last = segment;
        }
    }

    private void scanSegment(Segment segment, boolean isNewest) throws IOException {
        try {
            SegmentReader reader = new SegmentReader(storage, segment);
            String invalidHead = Segment.invalidHead(reader.head(), segment.number());
            if (invalidHead == null) {
                scanRecords(segment, reader, isNewest);
            } else {
                damagedHead(segment, invalidHead);
            }
        } catch (IOException failure) {
            if (!storage.names().contains(segment.name())) {
                items.accept(item(segment, 0, segment.size(), new Gone("deleted while it was read")));
            } else if (storage.size(segment.name()) < segment.size()) {
                items.accept(item(segment, storage.size(segment.name()), 0, new Gone("truncated while it was read")));
            } else {
                throw failure;
            }
        }
    }

    private void scanRecords(Segment segment, SegmentReader first, boolean isNewest) throws IOException {
        SegmentReader reader = first;
        long offset = Segment.HEAD_BYTES;
        while (offset < segment.size()) {
            SegmentReader.Found found = reader.at(offset);
            if (found instanceof Invalid && isNewest) {
                reader = new SegmentReader(storage, segment); // the first read may have returned an incomplete record
                found = reader.at(offset);
            }
            long rest = segment.size() - offset;
            Item item = switch (found) {
                case Valid record -> item(segment, offset, record.length(), content(record));
                case Zeros _ when isNewest -> item(segment, offset, rest, new Preallocated());
                case Zeros _ -> item(segment, offset, rest, new Damage("nothing but zeros"));
                case Invalid invalid -> invalid(segment, reader, invalid, isNewest);
            };
            items.accept(item);
            offset += item.length();
        }
    }

    private static Item invalid(Segment segment, SegmentReader reader, Invalid invalid, boolean isNewest)
            throws IOException {
        long offset = invalid.offset();
        if (isNewest && reader.findProof(offset) < 0) {
            return item(segment, offset, segment.size() - offset, new TornTail(invalid.why()));
        }
        long next = reader.findFrom(offset + 1);
        return item(segment, offset, (next < 0 ? segment.size() : next) - offset, new Damage(invalid.why()));
    }

    private static Content content(Valid record) {
        if (Payload.isForgotten(record.payload())) {
            return new Forgotten(record.sequence(), Payload.id(record.payload()));
        }
        try {
            return new Stored(record.sequence(), Payload.decode(record.payload()));
        } catch (IllegalArgumentException unknown) {
            return new Damage(String.valueOf(unknown.getMessage()));
        }
    }

    private void damagedHead(Segment segment, String why) {
        items.accept(item(segment, 0, Segment.HEAD_BYTES, new Damage(why)));
    }

    private static Item item(Segment segment, long offset, long length, Content content) {
        return new Item(segment.name(), offset, length, content);
    }
}
