package dtc.log.fenced;

import dtc.log.AppendResult;
import dtc.log.DecisionLog;
import dtc.log.LogIdentity;
import dtc.log.LogRecord;
import dtc.protocol.TransactionId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The decision log of one number in a {@link FencedStore}.
 *
 * <p>Entries are appended in batches, one batch at a time: entries that arrive in the meantime are queued for the next
 * batch. Lazy entries wait for a short time, so that they share a batch with others.
 *
 * <p>Results of an append:
 *
 * <ul>
 *   <li>Stored: the batch is stored.
 *   <li>Refused: the record was never sent. It is too long, too many are pending, or the store does not answer. A
 *       record that was sent is never refused: its batch is sent until the store answers.
 *   <li>Fenced: another process has sealed the number. All pending and later appends have this result.
 *   <li>Unknown: the store has lost data.
 * </ul>
 *
 * <p>The log is cleaned when it is much larger than its live entries: the live entries of the oldest batch are copied
 * to a new batch, then the oldest batch is deleted. A copy keeps its position, so that it supersedes nothing.
 */
public final class FencedDecisionLog implements DecisionLog {

    /** How long a lazy entry waits, so that it can share a batch with others. */
    static final Duration LAZY_DELAY = Duration.ofMillis(100);

    private static final String FAILED = "the decision log has failed and the process is ending";

    private static final String FENCED = "another process has taken over the log of this process";

    /**
     * The configuration.
     *
     * @param pendingDecisionsMax the maximum number of appends that were not sent
     * @param cleaningBytesMin the log is cleaned when it is this much longer than twice its live entries
     * @param answerTimeout no decisions are accepted if the store has not answered for this long
     * @param usageMax if the store uses a larger part of its space, from 0 to 1, no decisions are accepted
     */
    public record Settings(int pendingDecisionsMax, long cleaningBytesMin, Duration answerTimeout, double usageMax) {}

    /** Receives events for operators and for the process. Called without locks. */
    public interface Listener {
        void notice(String message);

        /** Another process has sealed the number. The transactions of the number must be abandoned. */
        void fenced(int number);
    }

    /** A batch that is being appended. */
    private record Write(
            long sequence, List<BatchEntry> entries, List<PendingEntry> pending, ByteBuffer bytes, long sentNanos) {}

    private enum Cleaning {
        IDLE,
        READING,
        /** The next write copies the live entries of the oldest batch. */
        READ,
        COPYING,
        DELETING
    }

    private final FencedStore store;
    private final Held held;
    private final Settings settings;
    private final Timers timers;
    private final LongSupplier nanos;
    private final Listener listener;
    private final StoreHealth health;

    /** Guards the fields below. */
    private final Object lock = new Object();

    private final PendingQueue queue;
    private final StoredBatches stored;
    private long position;
    private @Nullable Write write;
    private boolean lazyTimerSet;
    private boolean lazyDue;
    private Cleaning cleaning = Cleaning.IDLE;
    /** The oldest batch, if it was read for cleaning. */
    private List<BatchEntry> oldest = List.of();

    private boolean closing;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();

    /** The result of all appends after a failure; null if there was none. */
    private volatile @Nullable AppendResult failed;
    /** The content when the log was opened, until it is replayed; then null. */
    private @Nullable LogContent content;

    private FencedDecisionLog(
            FencedStore store,
            Held held,
            Settings settings,
            Timers timers,
            LongSupplier nanos,
            Listener listener,
            LogContent content) {
        this.store = store;
        this.held = held;
        this.settings = settings;
        this.timers = timers;
        this.nanos = nanos;
        this.listener = listener;
        this.health = new StoreHealth(store, held, settings, nanos, listener);
        this.queue = new PendingQueue(settings.pendingDecisionsMax());
        this.stored = new StoredBatches(held.head(), content);
        this.position = content.position();
        this.content = content;
    }

    /**
     * Reads the log of a number.
     *
     * @param nanos returns elapsed nanoseconds from an arbitrary origin
     * @param early receives records while the log is still being read: each record that is the newest of its id so far.
     *     Only a stored decision to commit may be acted on
     * @return completes with an empty result if another process has sealed the number; fails if the log cannot be read
     */
    public static CompletionStage<Optional<FencedDecisionLog>> open(
            FencedStore store,
            Held held,
            Settings settings,
            Timers timers,
            LongSupplier nanos,
            Listener listener,
            Consumer<LogRecord> early) {
        LogContent content = new LogContent(held.number(), early);
        return store.read(held, content)
                .thenApply(holding -> holding == Holding.FENCED
                        ? Optional.empty()
                        : Optional.of(new FencedDecisionLog(store, held, settings, timers, nanos, listener, content)));
    }

    @Override
    public void replay(Consumer<LogRecord> consumer) {
        LogContent replayed;
        synchronized (lock) {
            replayed = content;
            content = null;
        }
        if (replayed == null) {
            throw new IllegalStateException("the log was replayed before");
        }
        replayed.replay(consumer);
    }

    /** Returns the newest of the ids that were forgotten; null if there is none. */
    public @Nullable TransactionId newestForgotten() {
        synchronized (lock) {
            return stored.newestForgotten();
        }
    }

    @Override
    public CompletionStage<AppendResult> append(LogRecord record) {
        CompletableFuture<AppendResult> result = new CompletableFuture<>();
        AppendResult immediate = enqueue(record.id(), record, result);
        if (immediate != null) {
            result.complete(immediate);
        }
        return result;
    }

    @Override
    public void appendLazily(LogRecord record) {
        enqueue(record.id(), record, null);
    }

    @Override
    public void forget(TransactionId id) {
        enqueue(id, null, null);
    }

    /** Queues an entry. Returns null if it is queued; otherwise the result. */
    private @Nullable AppendResult enqueue(
            TransactionId id, @Nullable LogRecord record, @Nullable CompletableFuture<AppendResult> result) {
        boolean setTimer = false;
        synchronized (lock) {
            if (failed != null) {
                return failed;
            }
            if (closing) {
                return new AppendResult.Refused("the decision log is closed");
            }
            PendingEntry pending = new PendingEntry(new BatchEntry(position + 1, id, record), result);
            if (pending.entry().length() > LogBatch.BYTES_MAX - LogBatch.HEADER_BYTES) {
                return new AppendResult.Refused("the record of %s has %s bytes, which is too long"
                        .formatted(id, pending.entry().length()));
            }
            if (!pending.isLazy() && isStoreSilent()) {
                return new AppendResult.Refused(health.silence());
            }
            AppendResult refused = queue.add(pending);
            if (refused != null) {
                return refused;
            }
            position++;
            if (pending.isLazy() && !lazyTimerSet) {
                lazyTimerSet = true;
                setTimer = true;
            }
        }
        if (setTimer) {
            timers.after(LAZY_DELAY, this::lazyDelayOver);
        }
        proceed();
        return null;
    }

    private void lazyDelayOver() {
        synchronized (lock) {
            lazyTimerSet = false;
            lazyDue = !queue.isEmpty();
        }
        proceed();
    }

    /** Guarded by the lock. */
    private boolean isStoreSilent() {
        return health.isSilent() || (write != null && health.isOverdue(write.sentNanos()));
    }

    @Override
    public boolean isFenced() {
        return true;
    }

    @Override
    public @Nullable String refusalReason() {
        AppendResult failure = failed;
        if (failure != null) {
            return failure instanceof AppendResult.Fenced ? FENCED : FAILED;
        }
        if (health.isExhausted()) {
            return StoreHealth.EXHAUSTED;
        }
        synchronized (lock) {
            return isStoreSilent() ? health.silence() : null;
        }
    }

    @Override
    public LogIdentity identity() {
        return new LogIdentity(store.identity().tag(), held.number(), held.number(), Set.of(), 0);
    }

    // Writing

    /** Appends the next batch, unless one is being appended or there is nothing to append. */
    private void proceed() {
        Write next;
        boolean delete;
        boolean ended;
        synchronized (lock) {
            if (write != null || failed != null) {
                return;
            }
            next = nextWrite();
            write = next;
            delete = cleaning == Cleaning.READ; // no entry of the oldest batch is live
            if (delete) {
                cleaning = Cleaning.DELETING;
            }
            ended = next == null && closing && queue.isEmpty();
        }
        if (next != null) {
            store.append(held, next.sequence(), next.bytes())
                    .whenComplete((result, failure) -> written(next, failure == null ? result : unknown()));
        }
        if (delete) {
            deleteOldest();
        }
        if (ended) {
            closed.complete(null);
        }
    }

    private static AppendResult unknown() {
        return new AppendResult.Unknown();
    }

    /** Guarded by the lock. */
    private @Nullable Write nextWrite() {
        List<BatchEntry> copies = cleaning == Cleaning.READ ? stored.liveInOldest(oldest) : List.of();
        boolean isDue = queue.hasForced() || lazyDue || closing || queue.size() >= LogBatch.ENTRIES_MAX;
        if (copies.isEmpty() && (queue.isEmpty() || !isDue)) {
            return null;
        }
        if (!copies.isEmpty()) {
            cleaning = Cleaning.COPYING;
        }
        int length = LogBatch.HEADER_BYTES
                + copies.stream().mapToInt(BatchEntry::length).sum();
        List<PendingEntry> pending = queue.take(copies.size(), length);
        lazyDue &= !queue.isEmpty();
        List<BatchEntry> entries = new ArrayList<>(copies);
        pending.forEach(one -> entries.add(one.entry()));
        return new Write(stored.head() + 1, entries, pending, LogBatch.encode(entries), nanos.getAsLong());
    }

    private void written(Write done, AppendResult result) {
        if (!(result instanceof AppendResult.Stored)) {
            fail(result);
            return;
        }
        boolean delete;
        synchronized (lock) {
            write = null;
            stored.add(done.entries(), done.bytes().remaining());
            delete = cleaning == Cleaning.COPYING;
            if (delete) {
                cleaning = Cleaning.DELETING;
            }
        }
        done.pending().forEach(pending -> pending.complete(result));
        if (delete) {
            deleteOldest();
        }
        clean();
        proceed();
    }

    private void fail(AppendResult result) {
        List<PendingEntry> pending = new ArrayList<>();
        synchronized (lock) {
            if (failed != null) {
                return;
            }
            failed = result;
            if (write != null) {
                pending.addAll(write.pending());
            }
            pending.addAll(queue.takeAll());
        }
        if (result instanceof AppendResult.Fenced) {
            listener.fenced(held.number());
        }
        pending.forEach(one -> one.complete(result));
    }

    // Cleaning

    /** Begins to clean the oldest batch if that is due. */
    private void clean() {
        long sequence;
        synchronized (lock) {
            boolean isDue = stored.isCleaningDue(settings.cleaningBytesMin());
            if (!isDue || cleaning != Cleaning.IDLE || failed != null || closing) {
                return;
            }
            cleaning = Cleaning.READING;
            sequence = stored.oldest();
        }
        store.batch(held, sequence).whenComplete((batch, failure) -> {
            if (failure != null) {
                fail(unknown());
            } else if (batch.isEmpty()) {
                fail(new AppendResult.Fenced());
            } else {
                read(LogBatch.decode(batch.get()));
            }
        });
    }

    private void read(List<BatchEntry> entries) {
        synchronized (lock) {
            oldest = entries;
            cleaning = Cleaning.READ;
        }
        proceed();
    }

    /** Deletes the oldest batch, whose live entries are stored in a later batch. */
    private void deleteOldest() {
        long sequence;
        synchronized (lock) {
            sequence = stored.oldest();
        }
        store.delete(held, sequence).whenComplete((holding, failure) -> {
            if (failure != null) {
                fail(unknown());
            } else if (holding == Holding.FENCED) {
                fail(new AppendResult.Fenced());
            } else {
                deleted();
            }
        });
    }

    private void deleted() {
        synchronized (lock) {
            stored.removeOldest();
            oldest = List.of();
            cleaning = Cleaning.IDLE;
        }
        clean();
        proceed();
    }

    /**
     * Refuses the decisions that were not sent, if the store does not answer. Checks that this process still holds the
     * number, and the space of the store. Call it about once a second.
     */
    public void check() {
        List<PendingEntry> refused = List.of();
        synchronized (lock) {
            if (isStoreSilent()) {
                refused = queue.takeForced();
            }
        }
        if (!refused.isEmpty()) {
            AppendResult result = new AppendResult.Refused(health.silence());
            refused.forEach(one -> one.complete(result));
        }
        health.check(this::fail);
    }

    /**
     * Stores all pending entries. Later appends are refused.
     *
     * @return completes when they are stored; never completes if this fails
     */
    public CompletionStage<Void> close() {
        synchronized (lock) {
            closing = true;
        }
        proceed();
        return closed;
    }
}
