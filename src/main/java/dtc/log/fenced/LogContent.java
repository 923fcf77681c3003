package dtc.log.fenced;

import dtc.log.LogRecord;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Collects the newest entries while the log of a number is read, newest batch first. */
final class LogContent implements LogReader.Consumer {

    private record Located(long sequence, BatchEntry entry) {}

    private final int number;
    private final Consumer<LogRecord> early;
    private final Map<TransactionId, Located> newest = new HashMap<>();
    private final Deque<Integer> sizes = new ArrayDeque<>();
    private long position;

    /** @param early receives each record that is the newest of its id among those read so far */
    LogContent(int number, Consumer<LogRecord> early) {
        this.number = number;
        this.early = early;
    }

    @Override
    public void accept(long sequence, ByteBuffer batch) {
        sizes.addFirst(batch.remaining());
        List<BatchEntry> entries;
        try {
            entries = LogBatch.decode(batch);
        } catch (IllegalArgumentException unreadable) {
            throw new IllegalArgumentException(
                    "batch %s of number %s cannot be read: %s".formatted(sequence, number, unreadable.getMessage()),
                    unreadable);
        }
        // The copy of a record may be in a newer batch than a newer record.
        entries.stream()
                .sorted(Comparator.comparingLong(BatchEntry::position).reversed())
                .forEach(entry -> add(sequence, entry));
    }

    private void add(long sequence, BatchEntry entry) {
        position = Math.max(position, entry.position());
        Located before = newest.get(entry.id());
        if (before == null || before.entry.position() < entry.position()) {
            newest.put(entry.id(), new Located(sequence, entry));
            if (entry.record() != null) {
                early.accept(entry.record());
            }
        }
    }

    /** The highest position of an entry. */
    long position() {
        return position;
    }

    /** The sizes of the batches, oldest first. */
    Deque<Integer> sizes() {
        return sizes;
    }

    LiveEntries liveEntries() {
        LiveEntries live = new LiveEntries();
        newest.values().forEach(located -> live.add(located.sequence, List.of(located.entry)));
        return live;
    }

    /** Passes the newest record of each id to the consumer, in append order. */
    void replay(Consumer<LogRecord> consumer) {
        newest.values().stream()
                .sorted(Comparator.comparingLong(located -> located.entry.position()))
                .forEach(located -> {
                    LogRecord record = located.entry.record();
                    if (record != null) {
                        pass(record, located.sequence, consumer);
                    }
                });
    }

    private void pass(LogRecord record, long sequence, Consumer<LogRecord> consumer) {
        try {
            consumer.accept(record);
        } catch (IllegalArgumentException unreadable) {
            String message = "the record of %s in batch %s of number %s cannot be read: %s"
                    .formatted(record.id(), sequence, number, unreadable.getMessage());
            throw new UncheckedIOException(message, new IOException(message, unreadable));
        }
    }
}
