package dtc.log.file;

import dtc.log.AppendResult;
import dtc.log.DecisionLog;
import dtc.log.LogIdentity;
import dtc.log.LogRecord;
import dtc.log.RefusalNotices;
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
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A decision log in files, with group commit. A single writer takes all pending appends, writes them in one batch and
 * forces the file once; appends that arrive in the meantime are queued for the next batch. Lazy records are written in
 * the same batches but do not cause a force; the next append that needs one also forces them.
 *
 * <p>The writer is a task that is submitted to an executor when there is work; at most one instance runs at a time. The
 * executor may block on disk I/O and must not interrupt the task. Appends complete on its thread, so dependent actions
 * must be short.
 *
 * <p>Failures:
 *
 * <ul>
 *   <li>A write fails, for example because the disk is full: the write is truncated and the truncation is forced. After
 *       that, its appends complete with {@link AppendResult.Refused}. No decision is accepted for one second. Lazy
 *       records stay in the queue.
 *   <li>A force or the truncation fails, or a file was removed: the content of the disk is unknown and nothing is
 *       retried. {@link Listener#fatal} is called, which ends the process. If it returns, pending and later appends
 *       complete with {@link AppendResult.Unknown}.
 *   <li>Another process has claimed the log: likewise, but appends complete with {@link AppendResult.Fenced}.
 * </ul>
 */
public final class FileDecisionLog implements DecisionLog {

    /** The maximum size of a batch, unless a single record is longer. Enough for several thousand decisions. */
    static final int BATCH_BYTES_MAX = 1 << 18;

    /** The number of zeros preallocated in the newest segment. Enough for several thousand decisions. */
    public static final long PREALLOCATED_BYTES = 1 << 20;

    /** The maximum size of queued lazy records. Further ones are dropped, which has the effect of a crash. */
    static final long LAZY_BYTES_MAX = 32 << 20;

    private static final long RECHECK_NANOS = 1_000_000_000;

    private static final String FAILED = "the decision log has failed and the process is ending";

    /**
     * The configuration.
     *
     * @param segmentBytesMax the size limit of a segment; a segment with a single record may be longer
     * @param preallocatedBytes the number of zeros preallocated in the newest segment
     * @param freeBytesMin the free space below which no decision is accepted
     * @param pendingDecisionsMax the maximum number of pending appends; further ones are refused
     */
    public record Settings(long segmentBytesMax, long preallocatedBytes, long freeBytesMin, int pendingDecisionsMax) {}

    /** Receives notices for operators. Called by the writer, and by callers of {@link #refusalReason}. */
    public interface Listener {
        void notice(String message);

        /** The content of the log is unknown, or the log is fenced. Must halt the process without sending messages. */
        void fatal(String message, Throwable cause);
    }

    private enum Phase {
        OPEN,
        CLOSING,
        /** Closed or failed. The writer is not submitted again. */
        STOPPED
    }

    private final Storage storage;
    private final Executor writer;
    private final Settings settings;
    private final LongSupplier nanos;
    private final Listener listener;
    /** Used by the writer only. */
    private final LogFiles files;

    private final Housekeeping housekeeping;

    private final LogIdentity identity;
    /** The batch that is being written. Used by the writer only. */
    private List<PendingAppend> batch = List.of();

    /** In the order of the calls. Its lock guards the queue and the fields below, up to {@link #closed}. */
    private final Deque<PendingAppend> queue = new ArrayDeque<>();

    private int pendingDecisions;
    private long lazyBytes;
    private Phase phase = Phase.OPEN;
    private boolean writing;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();

    /** The result of all appends after a failure; null if there was none. */
    private volatile @Nullable AppendResult failed;
    /** A description of a damaged record found during cleaning; null if there is none. */
    private volatile @Nullable String damage;
    /** The reason why no decision is accepted, as of the last check; null if decisions are accepted. */
    private volatile @Nullable String refusal;

    private final AtomicLong checkedNanos;
    /** When the last write failed; null if it succeeded. Used by the writer only. */
    private @Nullable Long writeFailedNanos;

    private FileDecisionLog(
            Storage storage,
            LogFiles files,
            Executor writer,
            Settings settings,
            LongSupplier nanos,
            Listener listener) {
        this.storage = storage;
        this.files = files;
        this.identity = files.manifest().identity();
        this.writer = writer;
        this.settings = settings;
        this.nanos = nanos;
        this.listener = listener;
        this.housekeeping = new Housekeeping(files, nanos, listener::notice);
        this.checkedNanos = new AtomicLong(nanos.getAsLong() - RECHECK_NANOS);
    }

    /**
     * Opens the log in the storage, or creates one. Blocks on disk I/O.
     *
     * @param writer runs the writer; one thread is enough
     * @param nanos returns elapsed nanoseconds from an arbitrary origin
     * @param random for the identity of a new log
     * @throws UnreadableLogException if a file is damaged or not supported
     * @throws IOException also if another process uses the storage
     */
    public static FileDecisionLog open(
            Storage storage,
            Executor writer,
            Settings settings,
            LongSupplier nanos,
            RandomGenerator random,
            Listener listener)
            throws IOException {
        LogFiles files = LogOpener.open(
                storage, new LogOpener.Options(settings, random, listener::notice, UnaryOperator.identity()));
        return new FileDecisionLog(storage, files, writer, settings, nanos, listener);
    }

    @Override
    public void replay(Consumer<LogRecord> consumer) {
        try {
            files.replay(consumer);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure.getMessage(), failure);
        }
    }

    @Override
    public CompletionStage<AppendResult> append(LogRecord record) {
        CompletableFuture<AppendResult> result = new CompletableFuture<>();
        ByteBuffer payload;
        try {
            payload = Payload.encode(record);
        } catch (IllegalArgumentException tooLong) {
            result.complete(new AppendResult.Refused(String.valueOf(tooLong.getMessage())));
            return result;
        }
        AppendResult immediate = enqueue(new PendingAppend(payload, result));
        if (immediate != null) {
            result.complete(immediate);
        }
        return result;
    }

    @Override
    public void appendLazily(LogRecord record) {
        ByteBuffer payload;
        try {
            payload = Payload.encode(record);
        } catch (IllegalArgumentException tooLong) {
            listener.notice(
                    "the end of transaction %s is not recorded: %s".formatted(record.id(), tooLong.getMessage()));
            return;
        }
        enqueue(new PendingAppend(payload, null));
    }

    @Override
    public void forget(TransactionId id) {
        enqueue(new PendingAppend(Payload.encodeForgotten(id), null));
    }

    /** Queues an append. Returns null if it is queued; otherwise the result. */
    private @Nullable AppendResult enqueue(PendingAppend append) {
        synchronized (queue) {
            if (failed != null) {
                return failed;
            }
            if (phase != Phase.OPEN) {
                return new AppendResult.Refused("the decision log is closed");
            }
            if (append.isLazy()) {
                if (lazyBytes + append.memoryBytes() > LAZY_BYTES_MAX) {
                    return new AppendResult.Refused("too many lazy records are pending");
                }
                lazyBytes += append.memoryBytes();
            } else {
                if (pendingDecisions >= settings.pendingDecisionsMax()) {
                    return new AppendResult.Refused(
                            "the limit of " + pendingDecisions + " pending decisions is reached");
                }
                pendingDecisions++;
            }
            queue.addLast(append);
        }
        startWriter();
        return null;
    }

    private void startWriter() {
        synchronized (queue) {
            if (writing || phase == Phase.STOPPED) {
                return;
            }
            writing = true;
        }
        writer.execute(this::runWriter);
    }

    @Override
    public @Nullable String refusalReason() {
        if (failed != null) {
            return FAILED;
        }
        if (damage != null) {
            return damage;
        }
        long now = nanos.getAsLong();
        long checked = checkedNanos.get();
        if (now - checked >= RECHECK_NANOS && checkedNanos.compareAndSet(checked, now)) {
            // This also ends the refusals after a failed write: the next decision tests whether writes succeed again.
            setRefusal(FreeSpace.describeShortage(storage, settings.freeBytesMin()));
        }
        return refusal;
    }

    @Override
    public LogIdentity identity() {
        return identity;
    }

    private void setRefusal(@Nullable String reason) {
        String before = refusal;
        refusal = reason;
        if (reason != null && before == null) {
            listener.notice(RefusalNotices.refused(reason));
        } else if (reason == null && before != null) {
            listener.notice(RefusalNotices.ACCEPTED);
        }
    }

    // The writer

    /** Writes one batch, then runs one step of cleaning. */
    private void runWriter() {
        try {
            batch = nextBatch();
            if (batch.isEmpty()) {
                housekeeping.check();
            } else {
                write();
            }
            housekeeping.prepare();
            if (canClean()) {
                clean();
            }
            if (shouldClose()) {
                closeFiles();
            }
        } catch (IOException | RuntimeException | Error failure) {
            fail(failure);
        }
        boolean more;
        synchronized (queue) {
            more = phase != Phase.STOPPED && (hasWork() || phase == Phase.CLOSING || canClean());
            writing = more;
        }
        if (more) {
            writer.execute(this::runWriter);
        }
    }

    private List<PendingAppend> nextBatch() {
        List<PendingAppend> next = new ArrayList<>();
        long bytesMax = Math.min(BATCH_BYTES_MAX, settings.segmentBytesMax());
        long bytes = 0;
        synchronized (queue) {
            if (!hasWork()) {
                return next;
            }
            while (!queue.isEmpty()) {
                PendingAppend append = queue.element();
                bytes += Segment.RECORD_HEADER_BYTES + append.payload().remaining();
                if (bytes > bytesMax && !next.isEmpty()) {
                    break;
                }
                next.add(queue.remove());
                if (append.isLazy()) {
                    lazyBytes -= append.memoryBytes();
                } else {
                    pendingDecisions--;
                }
            }
        }
        return next;
    }

    /** Guarded by the queue. Lazy records alone do not cause a write shortly after a failed write. */
    private boolean hasWork() {
        return !queue.isEmpty() && (pendingDecisions > 0 || phase == Phase.CLOSING || !failedRecently());
    }

    private boolean failedRecently() {
        return writeFailedNanos != null && nanos.getAsLong() - writeFailedNanos < RECHECK_NANOS;
    }

    private void write() throws IOException {
        try {
            files.append(batch.stream().map(PendingAppend::payload).toList());
            writeFailedNanos = null;
        } catch (NotWrittenException failure) {
            handleFailedWrite(failure);
            requeueLazy();
            complete(new AppendResult.Refused(String.valueOf(failure.getMessage())));
            return;
        }
        if (!batch.stream().allMatch(PendingAppend::isLazy)) {
            files.force();
        }
        housekeeping.check();
        complete(new AppendResult.Stored());
    }

    private void complete(AppendResult result) {
        batch.forEach(append -> append.complete(result));
    }

    /** Puts lazy records back in the queue, unless the log is being closed. */
    private void requeueLazy() {
        synchronized (queue) {
            if (phase == Phase.OPEN) {
                for (PendingAppend append : batch.reversed()) {
                    if (append.isLazy()) {
                        queue.addFirst(append);
                        lazyBytes += append.memoryBytes();
                    }
                }
            }
        }
    }

    private void handleFailedWrite(NotWrittenException failure) {
        writeFailedNanos = nanos.getAsLong();
        checkedNanos.set(writeFailedNanos);
        setRefusal("the last write of the decision log failed: " + failure.getMessage());
    }

    private boolean canClean() {
        return damage == null && !failedRecently() && files.isCleaningDue();
    }

    private void clean() throws IOException {
        try {
            files.clean();
        } catch (NotWrittenException failure) {
            handleFailedWrite(failure);
        } catch (UnreadableLogException damaged) {
            // Decisions in memory can still be delivered, but the log cannot be read after a restart.
            damage = damaged.getMessage();
            listener.notice("the decision log is damaged, and new transactions and commits are refused: "
                    + damaged.getMessage());
        }
    }

    private boolean shouldClose() {
        synchronized (queue) {
            return phase == Phase.CLOSING && queue.isEmpty();
        }
    }

    private void closeFiles() throws IOException {
        files.close();
        synchronized (queue) {
            phase = Phase.STOPPED;
        }
        closed.complete(null);
    }

    private void fail(Throwable failure) {
        AppendResult result =
                failure instanceof FencedException ? new AppendResult.Fenced() : new AppendResult.Unknown();
        List<PendingAppend> queued;
        synchronized (queue) {
            failed = result;
            phase = Phase.STOPPED;
            queued = List.copyOf(queue);
            queue.clear();
        }
        listener.fatal(FAILED + ": " + (failure instanceof IOException ? failure.getMessage() : failure), failure);
        complete(result);
        queued.forEach(append -> append.complete(result));
    }

    /**
     * Checks in the background whether files were removed or replaced, or another process has claimed the log. Call it
     * about once a second. Each batch of appends includes this check.
     */
    public void check() {
        startWriter();
    }

    /**
     * Writes and forces the queue, including lazy records, and releases the storage. Later appends are refused.
     *
     * @return completes when the storage is released; never completes if this fails
     */
    public CompletionStage<Void> close() {
        synchronized (queue) {
            if (phase == Phase.OPEN) {
                phase = Phase.CLOSING;
            }
        }
        startWriter();
        return closed;
    }
}
