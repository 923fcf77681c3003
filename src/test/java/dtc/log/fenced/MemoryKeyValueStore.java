package dtc.log.fenced;

import dtc.log.fenced.Attempt.Answered;
import dtc.log.fenced.Attempt.NoAnswer;
import dtc.log.fenced.Txn.Operation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A store in memory, which answers each request at once. Thread-safe. */
public final class MemoryKeyValueStore implements KeyValueStore {

    /** As long as a message may be. */
    private static final int RANGE_BYTES_MAX = 4 << 20;

    private final String id;
    private final NavigableMap<String, StoredValue> entries = new TreeMap<>();
    private long revision = 1;
    private double usage;

    public MemoryKeyValueStore() {
        this("memory");
    }

    public MemoryKeyValueStore(String id) {
        this.id = id;
    }

    /** Returns a store with the same content, and another id or revision. */
    public synchronized MemoryKeyValueStore copy(String otherId, long otherRevision) {
        MemoryKeyValueStore copy = new MemoryKeyValueStore(otherId);
        copy.entries.putAll(entries);
        copy.revision = otherRevision;
        return copy;
    }

    public synchronized long revision() {
        return revision;
    }

    public synchronized void setUsage(double part) {
        usage = part;
    }

    /** The keys that contain a text. */
    public synchronized List<String> keys(String part) {
        return entries.keySet().stream().filter(key -> key.contains(part)).toList();
    }

    /** The keys of the batches of a number, oldest first. */
    public List<String> batches(int number) {
        return keys(String.format(Locale.ROOT, "/log/%08d/", number));
    }

    public synchronized void put(String key, StoredValue value) {
        entries.put(key, value);
        revision++;
    }

    public synchronized void remove(String key) {
        entries.remove(key);
        revision++;
    }

    /** Executes a transaction. */
    public synchronized Attempt<Txn.Result> execute(Txn txn) {
        boolean succeeded = txn.conditions().stream().allMatch(this::holds);
        Map<String, StoredValue> values = new HashMap<>();
        boolean changes = false;
        for (Operation operation : succeeded ? txn.then() : txn.otherwise()) {
            switch (operation) {
                case Operation.Get(String key) -> {
                    StoredValue value = entries.get(key);
                    if (value != null) {
                        values.put(key, value);
                    }
                }
                case Operation.Put(String key, StoredValue value) -> {
                    entries.put(key, value);
                    changes = true;
                }
                case Operation.Delete(String key) -> changes |= entries.remove(key) != null;
                case Operation.DeleteRange(String from, String to) -> {
                    changes |= !entries.subMap(from, to).isEmpty();
                    entries.subMap(from, to).clear();
                }
            }
        }
        if (changes) {
            revision++;
        }
        return new Answered<>(new Txn.Result(succeeded, values), id, revision);
    }

    private boolean holds(Txn.Condition condition) {
        StoredValue value = entries.get(condition.key());
        return value == null ? condition.value() == null : value.equals(condition.value());
    }

    /** Reads a range. */
    public synchronized Attempt<List<Entry>> read(String from, String to, int limit) {
        List<Entry> found = new ArrayList<>();
        entries.subMap(from, to).entrySet().stream()
                .limit(limit)
                .forEach(entry -> found.add(new Entry(entry.getKey(), entry.getValue())));
        if (found.stream().mapToInt(entry -> entry.value().length()).sum() > RANGE_BYTES_MAX) {
            return new NoAnswer<>("the answer is too large");
        }
        return new Answered<>(found, id, revision);
    }

    @Override
    public CompletionStage<Attempt<Txn.Result>> commit(Txn txn) {
        return CompletableFuture.completedStage(execute(txn));
    }

    @Override
    public CompletionStage<Attempt<List<Entry>>> range(String from, String to, int limit) {
        return CompletableFuture.completedStage(read(from, to, limit));
    }

    @Override
    public synchronized CompletionStage<OptionalDouble> usage() {
        return CompletableFuture.completedStage(OptionalDouble.of(usage));
    }
}
