package dtc.log;

import dtc.protocol.TransactionId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Remembers in files. One writer takes whatever waits, writes it at once and forces it once, so that many decisions
 * share a force (group commit). While it does so, the next ones gather. Lazy records are written and forced along with
 * the next decision.
 *
 * <p>The writer is a task that is given to an executor while there is something to do, and never twice at a time. The
 * executor may block for the disk, and must not interrupt. A decision completes on it: what follows must be short.
 *
 * <p>What fails:
 *
 * <ul>
 *   <li>A write, because the disk is full or for another reason: it is cut off again, and that is forced. Only then do
 *       its decisions fail as surely never recorded, and none is taken for a second. Lazy records wait.
 *   <li>A force, or the cutting off: nobody knows what is on the disk. Nothing is tried again and nothing acknowledged;
 *       the process must end.
 * </ul>
 */
public final class FileDecisionLog implements DecisionLog {

    /** Written at once. Some thousand decisions. */
    static final int BATCH_BYTES_MAX = 1 << 18;

    /**
     * How far a file of the log is filled with zeros ahead: enough for some thousand decisions, and written at once.
     */
    public static final long ROOM_BYTES = 1 << 20;

    /** Lazy records that wait, because the disk is full; beyond that they are dropped, as a crash would. */
    static final long LAZY_BYTES_MAX = 32 << 20;

    /** What a waiting record takes in memory beside its bytes, roughly. */
    private static final long WAITING_BYTES = 100;

    private static final long RECHECK_NANOS = 1_000_000_000;

    private static final String FAILED = "the decision log has failed, and this process ends";

    /**
     * What can be configured.
     *
     * @param segmentBytesMax a file of the log is no longer than this, or holds a single record
     * @param roomBytes how far a file of the log is filled with zeros ahead of what is written
     * @param freeBytesMin below this no decision is taken
     * @param decisionsWaitingMax decisions that wait for the writer; beyond that they are refused
     */
    public record Settings(long segmentBytesMax, long roomBytes, long freeBytesMin, int decisionsWaitingMax) {}

    /** Told of what people should know. Called by the writer, and by those that ask {@link #refusing}. */
    public interface Watch {
        void notice(String what);

        /** Nothing of the log can be trusted any more. The process must end at once, without telling anybody more. */
        void fatal(String what, Throwable cause);
    }

    private enum Phase {
        OPEN,
        CLOSING,
        /** Closed or failed: the writer does nothing any more. */
        OVER
    }

    /** {@code decided} completes once it is durable; null for a lazy one. */
    private record Waiting(ByteBuffer payload, @Nullable CompletableFuture<Void> decided) {
        private long memory() {
            return payload.remaining() + WAITING_BYTES;
        }
    }

    private final Storage storage;
    private final Executor writer;
    private final Settings settings;
    private final LongSupplier nanos;
    private final Watch watch;
    /** The writer's alone. */
    private final LogFiles files;

    /** Guarded by {@link #queue}, as what follows. In the order in which they were given. */
    private final Deque<Waiting> queue = new ArrayDeque<>();

    private int decisionsWaiting;
    private long lazyBytes;
    private Phase phase = Phase.OPEN;
    private boolean writing;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();

    private volatile boolean failed;
    /** A bad record that cleaning came upon. */
    private volatile @Nullable String damage;
    /** Why no decision is taken, as of the last check. */
    private volatile @Nullable String refusal;

    private final AtomicLong checkedNanos;
    /** The writer's alone: when the last write failed, if it did. */
    private @Nullable Long writeFailedNanos;

    private FileDecisionLog(
            Storage storage, LogFiles files, Executor writer, Settings settings, LongSupplier nanos, Watch watch) {
        this.storage = storage;
        this.files = files;
        this.writer = writer;
        this.settings = settings;
        this.nanos = nanos;
        this.watch = watch;
        this.checkedNanos = new AtomicLong(nanos.getAsLong() - RECHECK_NANOS);
    }

    /**
     * Opens the log that is in the storage, or begins one. Waits for the disk.
     *
     * @param writer runs the writer; one thread is enough
     * @param nanos elapsed nanoseconds since some moment
     * @throws UnreadableLogException where a file does not hold what it must
     * @throws IOException also where another process uses the storage
     */
    public static FileDecisionLog open(
            Storage storage, Executor writer, Settings settings, LongSupplier nanos, Watch watch) throws IOException {
        LogFiles files = LogFiles.open(storage, settings.segmentBytesMax(), settings.roomBytes(), watch::notice);
        return new FileDecisionLog(storage, files, writer, settings, nanos, watch);
    }

    /** @throws UncheckedIOException where a record cannot be read or understood */
    @Override
    public void replay(Consumer<TransactionRecord> each) {
        try {
            files.replay(each);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure.getMessage(), failure);
        }
    }

    @Override
    public CompletionStage<Void> decide(TransactionRecord decision) {
        CompletableFuture<Void> decided = new CompletableFuture<>();
        ByteBuffer payload;
        try {
            payload = RecordCodec.encode(decision);
        } catch (IllegalArgumentException tooLong) {
            decided.completeExceptionally(tooLong);
            return decided;
        }
        String why = enqueue(new Waiting(payload, decided));
        if (why != null) {
            decided.completeExceptionally(new IOException(why));
        }
        return decided;
    }

    @Override
    public void end(TransactionRecord ended) {
        ByteBuffer payload;
        try {
            payload = RecordCodec.encode(ended);
        } catch (IllegalArgumentException tooLong) {
            watch.notice("how %s ended is not recorded: %s".formatted(ended.id(), tooLong.getMessage()));
            return;
        }
        enqueue(new Waiting(payload, null));
    }

    @Override
    public void forget(TransactionId id) {
        enqueue(new Waiting(RecordCodec.encodeForgotten(id), null));
    }

    /** Why it is not taken; null where it waits, or where nobody will ever hear of it. */
    private @Nullable String enqueue(Waiting record) {
        boolean start;
        synchronized (queue) {
            if (failed) {
                return null;
            }
            if (phase != Phase.OPEN) {
                return "the decision log is closed";
            }
            if (record.decided() == null) {
                if (lazyBytes + record.memory() > LAZY_BYTES_MAX) {
                    return "too many records wait";
                }
                lazyBytes += record.memory();
            } else {
                if (decisionsWaiting >= settings.decisionsWaitingMax()) {
                    return "%d decisions wait for the disk, and no more may".formatted(decisionsWaiting);
                }
                decisionsWaiting++;
            }
            queue.addLast(record);
            start = !writing;
            writing = true;
        }
        if (start) {
            writer.execute(this::turn);
        }
        return null;
    }

    // Refusing

    @Override
    public @Nullable String refusing() {
        if (failed) {
            return FAILED;
        }
        if (damage != null) {
            return damage;
        }
        long now = nanos.getAsLong();
        long checked = checkedNanos.get();
        if (now - checked >= RECHECK_NANOS && checkedNanos.compareAndSet(checked, now)) {
            // Also where a write failed before: the next decision tries whether one succeeds now.
            refuse(shortage());
        }
        return refusal;
    }

    private @Nullable String shortage() {
        try {
            long free = storage.freeBytes();
            return free >= settings.freeBytesMin()
                    ? null
                    : "less than %d bytes are free for the decision log in %s"
                            .formatted(settings.freeBytesMin(), storage.where());
        } catch (IOException failure) {
            return "nobody knows how much room there is for the decision log: " + failure.getMessage();
        }
    }

    private void refuse(@Nullable String why) {
        String before = refusal;
        refusal = why;
        if (why != null && before == null) {
            watch.notice("no commit is decided: " + why);
        } else if (why == null && before != null) {
            watch.notice("commits are decided again");
        }
    }

    // The writer

    /** One batch, and one step of cleaning. */
    private void turn() {
        try {
            List<Waiting> batch = take();
            if (!batch.isEmpty()) {
                write(batch);
            }
            if (canClean()) {
                clean();
            }
            if (isToBeClosed()) {
                close(files);
            }
        } catch (IOException | RuntimeException | Error failure) {
            fail(failure);
        }
        boolean more;
        synchronized (queue) {
            more = phase != Phase.OVER && (hasWork() || phase == Phase.CLOSING || canClean());
            writing = more;
        }
        if (more) {
            writer.execute(this::turn);
        }
    }

    private List<Waiting> take() {
        List<Waiting> batch = new ArrayList<>();
        long bytesMax = Math.min(BATCH_BYTES_MAX, settings.segmentBytesMax());
        long bytes = 0;
        synchronized (queue) {
            if (!hasWork()) {
                return batch;
            }
            while (!queue.isEmpty()) {
                Waiting next = queue.element();
                bytes += Segment.RECORD_HEAD_BYTES + next.payload().remaining();
                if (bytes > bytesMax && !batch.isEmpty()) {
                    break;
                }
                batch.add(queue.remove());
                if (next.decided() == null) {
                    lazyBytes -= next.memory();
                } else {
                    decisionsWaiting--;
                }
            }
        }
        return batch;
    }

    /** Guarded by the queue. Lazy records alone do not try a disk that has just failed. */
    private boolean hasWork() {
        return !queue.isEmpty() && (decisionsWaiting > 0 || phase == Phase.CLOSING || !hasJustFailed());
    }

    private boolean hasJustFailed() {
        return writeFailedNanos != null && nanos.getAsLong() - writeFailedNanos < RECHECK_NANOS;
    }

    private void write(List<Waiting> batch) throws IOException {
        try {
            files.append(batch.stream().map(Waiting::payload).toList());
            writeFailedNanos = null;
        } catch (NotWrittenException failure) {
            giveBack(batch, failure);
            return;
        }
        if (batch.stream().anyMatch(record -> record.decided() != null)) {
            files.force();
        }
        for (Waiting record : batch) {
            if (record.decided() != null) {
                record.decided().complete(null);
            }
        }
    }

    /** Its decisions fail. What is lazy waits for better times, but not at the end. */
    private void giveBack(List<Waiting> batch, NotWrittenException failure) {
        notWritten(failure);
        synchronized (queue) {
            if (phase == Phase.OPEN) {
                for (Waiting record : batch.reversed()) {
                    if (record.decided() == null) {
                        queue.addFirst(record);
                        lazyBytes += record.memory();
                    }
                }
            }
        }
        for (Waiting record : batch) {
            if (record.decided() != null) {
                record.decided().completeExceptionally(new IOException(failure.getMessage(), failure));
            }
        }
    }

    private void notWritten(NotWrittenException failure) {
        writeFailedNanos = nanos.getAsLong();
        checkedNanos.set(writeFailedNanos);
        refuse("the last write of the decision log failed: " + failure.getMessage());
    }

    private boolean canClean() {
        return damage == null && !hasJustFailed() && files.isCleaningDue();
    }

    private void clean() throws IOException {
        try {
            files.clean();
        } catch (NotWrittenException failure) {
            notWritten(failure);
        } catch (UnreadableLogException bad) {
            // All of it is in memory, so what is decided can be delivered; but no restart will read it.
            damage = bad.getMessage();
            watch.notice("the log is damaged, and no commit is decided any more: " + bad.getMessage());
        }
    }

    private boolean isToBeClosed() {
        synchronized (queue) {
            return phase == Phase.CLOSING && queue.isEmpty();
        }
    }

    private void close(LogFiles open) throws IOException {
        open.close();
        synchronized (queue) {
            phase = Phase.OVER;
        }
        closed.complete(null);
    }

    private void fail(Throwable failure) {
        synchronized (queue) {
            failed = true;
            phase = Phase.OVER;
            queue.clear();
        }
        watch.fatal(FAILED + ": " + failure, failure);
    }

    /**
     * Writes and forces what waits, lazy records too, and gives the storage free. Takes nothing more.
     *
     * @return completes when that is done; never where it fails
     */
    public CompletionStage<Void> close() {
        boolean start;
        synchronized (queue) {
            if (phase != Phase.OPEN) {
                return closed;
            }
            phase = Phase.CLOSING;
            start = !writing;
            writing = true;
        }
        if (start) {
            writer.execute(this::turn);
        }
        return closed;
    }
}
