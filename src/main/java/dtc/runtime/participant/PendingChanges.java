package dtc.runtime.participant;

import dtc.resource.Change;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The changes that are not durable yet, in order, and the callers that wait for them. One batch is appended at a time.
 * Not thread-safe.
 */
final class PendingChanges {

    /** Callers that wait until this number of changes are durable. */
    private record Barrier(long changes, CompletableFuture<@Nullable Void> passed) {}

    /**
     * The maximum size of the changes in one append, unless a single change is larger. It keeps appends short even if
     * transactions are large.
     */
    private static final long BATCH_CHARS_MAX = 1 << 19;

    /** The next append is delayed if the last one contained at least this number of changes. */
    private static final int BATCH_UNDER_LOAD_MIN = 8;

    /** Changes that are not part of an append yet. */
    private final Queue<Change> unsent = new ArrayDeque<>();
    /** Sorted by the number of changes. */
    private final ArrayDeque<Barrier> barriers = new ArrayDeque<>();

    private long added;
    private long stored;
    private boolean appending;
    private int lastBatchSize;

    void add(Change change) {
        added++;
        unsent.add(change);
    }

    /** Completes once all changes that were added before are durable. */
    CompletableFuture<@Nullable Void> whenDurable() {
        if (stored == added) {
            return CompletableFuture.completedFuture(null);
        }
        Barrier last = barriers.peekLast();
        if (last == null || last.changes() < added) {
            last = new Barrier(added, new CompletableFuture<>());
            barriers.add(last);
        }
        return last.passed();
    }

    /** Returns true if the caller must start an append. Then returns false until that append has ended. */
    boolean tryStartAppend() {
        boolean start = !appending && !unsent.isEmpty();
        appending |= start;
        return start;
    }

    /** Whether many changes shared the last append, so that more are expected soon. */
    boolean isUnderLoad() {
        return lastBatchSize >= BATCH_UNDER_LOAD_MIN;
    }

    /** Returns the changes of the append that was started. */
    List<Change> takeBatch(int max) {
        List<Change> batch = new ArrayList<>();
        long size = 0;
        for (Change next = unsent.peek(); next != null && batch.size() < max; next = unsent.peek()) {
            size += next.estimatedChars();
            if (size > BATCH_CHARS_MAX && !batch.isEmpty()) {
                break;
            }
            batch.add(unsent.remove());
        }
        lastBatchSize = batch.size();
        return batch;
    }

    /**
     * Records that the append stored this number of changes. Returns the futures of the callers that waited for them.
     */
    List<CompletableFuture<@Nullable Void>> completeAppend(int count) {
        appending = false;
        stored += count;
        List<CompletableFuture<@Nullable Void>> passed = new ArrayList<>();
        for (Barrier next = barriers.peek(); next != null && next.changes() <= stored; next = barriers.peek()) {
            passed.add(barriers.remove().passed());
        }
        return passed;
    }

    /** Returns the futures of all waiting callers. */
    List<CompletableFuture<@Nullable Void>> waitingCallers() {
        return barriers.stream().map(Barrier::passed).toList();
    }

    /** Whether an append has succeeded. */
    boolean hasStored() {
        return stored > 0;
    }
}
