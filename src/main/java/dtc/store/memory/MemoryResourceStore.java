package dtc.store.memory;

import dtc.protocol.JsonText;
import dtc.protocol.Update;
import dtc.resource.Change;
import dtc.resource.DictionaryState;
import dtc.runtime.participant.ResourceStore;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the entries in memory. Everything else that it is given is in the memory of its user already, and is lost
 * together with the entries. Thread-safe.
 */
public final class MemoryResourceStore implements ResourceStore {

    /** Changes are applied at once, so that batches have no advantage. */
    private static final int BATCH_MAX = 1_000;

    private final UUID instance;
    /** Guarded by this. */
    private final NavigableMap<String, JsonText> entries = new TreeMap<>(MemoryResourceStore::compareCodePoints);

    private long epoch;

    public MemoryResourceStore(UUID instance) {
        this.instance = instance;
    }

    /**
     * Differs from the natural order if one key has a surrogate pair where the other has one of the last characters.
     */
    private static int compareCodePoints(String left, String right) {
        int length = Math.min(left.length(), right.length());
        for (int i = 0; i < length; i++) {
            char l = left.charAt(i);
            char r = right.charAt(i);
            if (l != r) {
                boolean sameKind = Character.isSurrogate(l) == Character.isSurrogate(r);
                return sameKind ? Character.compare(l, r) : Character.isSurrogate(l) ? 1 : -1;
            }
        }
        return Integer.compare(left.length(), right.length());
    }

    /** Completes with the state of the beginning: its user never opens it again. */
    @Override
    public synchronized CompletionStage<Loaded> open() {
        epoch++;
        return CompletableFuture.completedFuture(new Loaded(instance, epoch, DictionaryState.EMPTY, Set.of()));
    }

    @Override
    public synchronized CompletionStage<@Nullable Void> append(long ignored, List<Change> changes) {
        for (Change change : changes) {
            if (change instanceof Change.Ended ended) {
                ended.updates().forEach(this::apply);
            }
        }
        return CompletableFuture.completedFuture(null);
    }

    private void apply(String key, Update update) {
        switch (update) {
            case Update.Put(JsonText value) -> entries.put(key, value);
            case Update.Delete() -> entries.remove(key);
            case Update.None() -> {}
        }
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    @Override
    public Duration appendDelay() {
        return Duration.ZERO;
    }

    @Override
    public CompletionStage<@Nullable Void> checkEpoch(long ignored) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public synchronized CompletionStage<Map<String, JsonText>> read(Set<String> keys) {
        Map<String, JsonText> found = new HashMap<>();
        for (String key : keys) {
            JsonText value = entries.get(key);
            if (value != null) {
                found.put(key, value);
            }
        }
        return CompletableFuture.completedFuture(found);
    }

    @Override
    public synchronized CompletionStage<SequencedMap<String, JsonText>> entries(@Nullable String after, int limit) {
        SequencedMap<String, JsonText> page = new LinkedHashMap<>();
        for (var entry : (after == null ? entries : entries.tailMap(after, false)).entrySet()) {
            if (page.size() == limit) {
                break;
            }
            page.put(entry.getKey(), entry.getValue());
        }
        return CompletableFuture.completedFuture(page);
    }

    @Override
    public CompletionStage<@Nullable Void> close() {
        return CompletableFuture.completedFuture(null);
    }
}
