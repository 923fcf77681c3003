package dtc.log.file;

import dtc.log.LogRecord;
import dtc.log.file.SegmentReader.Valid;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the files of a log for inspection: all records, including replaced ones, and invalid data. It changes nothing
 * and needs no lock, so a coordinator may be writing concurrently. The last record may then be incomplete, and a
 * segment may be deleted.
 */
public final class LogScanner {

    /** A range of bytes in a file and its content. */
    public record Item(String segment, long offset, long length, Content content) {}

    /** The content of a range. */
    public sealed interface Content {}

    /** A record of a transaction. */
    public record Stored(long sequence, LogRecord record) implements Content {}

    /** A record that marks a transaction as forgotten. */
    public record Forgotten(long sequence, TransactionId id) implements Content {}

    /** Preallocated zeros, which the next records overwrite. */
    public record Preallocated() implements Content {}

    /** The torn tail of the newest segment, which the next start ignores. */
    public record TornTail(String reason) implements Content {}

    /** Damaged data. The log cannot be opened. */
    public record Damaged(String reason) implements Content {}

    /** The segment changed while it was read. */
    public record Changed(String reason) implements Content {}

    private final Storage storage;
    private final Consumer<Item> items;
    /** Damage whose end is not known yet. */
    private @Nullable Damage pending;

    private LogScanner(Storage storage, Consumer<Item> items) {
        this.storage = storage;
        this.items = items;
    }

    /** Passes the content of the log to {@code items}, in file order. */
    public static void scan(Storage storage, Consumer<Item> items) throws IOException {
        new LogScanner(storage, items).scan();
    }

    private void scan() throws IOException {
        LogDirectory directory = LogDirectory.readStable(storage, damage -> pending = replacePending(damage));
        for (Segment segment : directory.segments()) {
            emitPending(Segment.LEGACY_HEADER_BYTES);
            try {
                scan(directory, segment);
            } catch (IOException failure) {
                emitPending(segment.sizeBytes());
                if (!storage.names().contains(segment.name())) {
                    items.accept(createItem(segment, 0, segment.sizeBytes(), new Changed("deleted while it was read")));
                } else if (storage.size(segment.name()) < segment.sizeBytes()) {
                    items.accept(createItem(
                            segment, storage.size(segment.name()), 0, new Changed("truncated while it was read")));
                } else {
                    throw failure;
                }
            }
        }
        emitPending(0);
    }

    private Damage replacePending(Damage damage) {
        emitPending(damage.offset());
        return damage;
    }

    private void emitPending(long end) {
        if (pending != null) {
            long length = Math.max(0, end - pending.offset());
            items.accept(new Item(pending.file(), pending.offset(), length, new Damaged(pending.reason())));
            pending = null;
        }
    }

    private void scan(LogDirectory directory, Segment segment) throws IOException {
        LogDirectory.End end = directory.read(segment, (_, record) -> {
            emitPending(record.offset());
            items.accept(createItem(segment, record.offset(), record.length(), toContent(record)));
        });
        if (pending != null) {
            emitPending(end.offset() == 0 ? Segment.LEGACY_HEADER_BYTES : segment.sizeBytes());
            return;
        }
        long rest = segment.sizeBytes() - end.offset();
        if (rest > 0) {
            items.accept(createItem(
                    segment,
                    end.offset(),
                    rest,
                    end.tornTail() == null ? new Preallocated() : new TornTail(end.tornTail())));
        }
    }

    private static Content toContent(Valid record) {
        if (Payload.isForgotten(record.payload())) {
            return new Forgotten(record.sequence(), Payload.id(record.payload()));
        }
        try {
            return new Stored(record.sequence(), Payload.decode(record.payload()));
        } catch (IllegalArgumentException unknown) {
            return new Damaged(String.valueOf(unknown.getMessage()));
        }
    }

    private static Item createItem(Segment segment, long offset, long length, Content content) {
        return new Item(segment.name(), offset, length, content);
    }
}
