package dtc.runtime.participant;

import dtc.protocol.JsonText;
import dtc.resource.Change;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SequencedMap;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A store whose appends and reads complete when a test says so. */
final class ManualStore implements ResourceStore {

    final StoredTables tables = new StoredTables(UUID.randomUUID());
    /** Appends without an answer. */
    final Queue<Append> appends = new ArrayDeque<>();
    /** Reads without an answer. */
    final Queue<CompletableFuture<Map<String, JsonText>>> reads = new ArrayDeque<>();
    /** Answers to openings; without one, they succeed. */
    final Queue<StoreException> openFailures = new ArrayDeque<>();

    int batchMax = 100;
    Duration appendDelay = Duration.ZERO;
    boolean fenced;
    boolean closed;

    record Append(long epoch, List<Change> changes, CompletableFuture<@Nullable Void> answer) {}

    static StoreException lost() {
        return new StoreException(StoreException.Kind.UNAVAILABLE, "the connection is lost");
    }

    /** Stores and answers all appends, also those that follow. */
    void storeAll() {
        for (Append next = appends.poll(); next != null; next = appends.poll()) {
            if (next.epoch() == tables.epoch()) {
                store(next);
                next.answer().complete(null);
            } else {
                next.answer().completeExceptionally(StoredTables.fenced());
            }
        }
    }

    /** Stores and answers the oldest append. */
    void storeNext() {
        Append next = appends.remove();
        store(next);
        next.answer().complete(null);
    }

    void store(Append append) {
        if (append.epoch() != tables.epoch()) {
            throw new IllegalStateException("an append of an earlier epoch");
        }
        append.changes().forEach(tables::apply);
    }

    @Override
    public CompletionStage<Loaded> open() {
        StoreException failure = openFailures.poll();
        return failure == null
                ? CompletableFuture.completedFuture(tables.open())
                : CompletableFuture.failedFuture(failure);
    }

    @Override
    public CompletionStage<@Nullable Void> append(long epoch, List<Change> changes) {
        Append append = new Append(epoch, new ArrayList<>(changes), new CompletableFuture<>());
        appends.add(append);
        return append.answer();
    }

    @Override
    public int batchMax() {
        return batchMax;
    }

    @Override
    public Duration appendDelay() {
        return appendDelay;
    }

    @Override
    public CompletionStage<@Nullable Void> checkEpoch(long epoch) {
        return fenced || epoch != tables.epoch()
                ? CompletableFuture.failedFuture(StoredTables.fenced())
                : CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<Map<String, JsonText>> read(Set<String> keys) {
        CompletableFuture<Map<String, JsonText>> answer = new CompletableFuture<>();
        reads.add(answer);
        return answer;
    }

    @Override
    public CompletionStage<SequencedMap<String, JsonText>> entries(@Nullable String after, int limit) {
        return CompletableFuture.completedFuture(tables.page(after, limit));
    }

    @Override
    public CompletionStage<@Nullable Void> close() {
        closed = true;
        return CompletableFuture.completedFuture(null);
    }
}
