package dtc.resource;

import dtc.protocol.JsonText;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A dictionary whose changes are stored at once. Its effects are those that are left to do after that. */
final class StoredDictionary {

    final Dictionary dictionary;
    final Map<String, JsonText> entries = new HashMap<>();
    /** In their order. */
    final List<Change> stored = new ArrayList<>();
    /** The keys that were read. */
    final List<Set<String>> loads = new ArrayList<>();

    private final DictionaryLimits limits;

    StoredDictionary(DictionaryLimits limits) {
        this(limits, DictionaryState.EMPTY);
    }

    StoredDictionary(DictionaryLimits limits, DictionaryState state) {
        this.limits = limits;
        this.dictionary = new Dictionary(limits, state);
    }

    List<ResourceEffect> apply(ResourceEvent event) {
        return perform(dictionary.apply(event));
    }

    List<ResourceEffect> evictOutcomes(long number) {
        return perform(dictionary.evictOutcomes(number));
    }

    private List<ResourceEffect> perform(List<ResourceEffect> effects) {
        List<ResourceEffect> left = new ArrayList<>();
        for (ResourceEffect effect : effects) {
            switch (effect) {
                case ResourceEffect.Persist(Change change) -> store(change);
                case ResourceEffect.Load(TransactionId id, Set<String> keys) -> {
                    loads.add(keys);
                    left.addAll(apply(new ResourceEvent.Loaded(id, values(keys))));
                }
                default -> left.add(effect);
            }
        }
        return left;
    }

    private void store(Change change) {
        stored.add(change);
        if (change instanceof Change.Ended ended) {
            ended.updates().forEach((key, update) -> {
                if (update instanceof Update.Put(JsonText value)) {
                    entries.put(key, value);
                } else {
                    entries.remove(key);
                }
            });
        }
    }

    Map<String, JsonText> values(Set<String> keys) {
        Map<String, JsonText> values = new HashMap<>(entries);
        values.keySet().retainAll(keys);
        return values;
    }

    /** The next process, with what was stored. */
    StoredDictionary restart() {
        Map<TransactionId, Change.Prepared> prepared = new LinkedHashMap<>();
        Map<TransactionId, Outcome> outcomes = new LinkedHashMap<>();
        TransactionId newestEvicted = null;
        for (Change change : stored) {
            switch (change) {
                case Change.Prepared one -> prepared.put(one.id(), one);
                case Change.Ended ended -> {
                    prepared.remove(ended.id());
                    outcomes.put(ended.id(), ended.outcome());
                }
                case Change.Evicted evicted -> {
                    outcomes.remove(evicted.id());
                    newestEvicted = evicted.newestEvicted();
                }
            }
        }
        StoredDictionary next = new StoredDictionary(
                limits, new DictionaryState(List.copyOf(prepared.values()), outcomes, newestEvicted));
        next.entries.putAll(entries);
        next.stored.addAll(stored);
        return next;
    }

    @Nullable
    JsonText entry(String key) {
        return entries.get(key);
    }

    Map<TransactionId, Boolean> open(int limit) {
        return dictionary.open(limit);
    }

    int lockedKeys() {
        return dictionary.lockedKeyCount();
    }

    int openTransactionCount() {
        return dictionary.openTransactionCount();
    }

    long conflicts() {
        return dictionary.conflictCount();
    }

    RememberedOutcomes outcomes() {
        return dictionary.outcomes();
    }

    @Nullable
    TransactionId newestEvicted() {
        return dictionary.newestEvicted();
    }
}
