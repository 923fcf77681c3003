package dtc.runtime.participant;

import dtc.protocol.JsonText;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import dtc.resource.Change;
import dtc.resource.DictionaryState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What a database would hold of a resource manager. Survives the process. */
public final class StoredTables {

    public final UUID instance;
    public final NavigableMap<String, JsonText> entries = new TreeMap<>();
    public final SequencedMap<TransactionId, Change.Prepared> prepared = new LinkedHashMap<>();
    /** Everything that has ended, in this order, whether or not it is still kept. */
    public final SequencedMap<TransactionId, Outcome> ended = new LinkedHashMap<>();

    public final Set<TransactionId> resolvedByOperator = new HashSet<>();

    private final SequencedMap<TransactionId, Outcome> outcomes = new LinkedHashMap<>();
    private @Nullable TransactionId newestEvicted;
    private long epoch;

    public StoredTables(UUID instance) {
        this.instance = instance;
    }

    public long epoch() {
        return epoch;
    }

    public ResourceStore.Loaded open() {
        epoch++;
        return new ResourceStore.Loaded(
                instance,
                epoch,
                new DictionaryState(List.copyOf(prepared.values()), outcomes, newestEvicted),
                Set.copyOf(resolvedByOperator));
    }

    /** Applies one change. The caller has checked the epoch. */
    public void apply(Change change) {
        switch (change) {
            case Change.Prepared one -> prepared.put(one.id(), one);
            case Change.Ended one -> {
                prepared.remove(one.id());
                ended.putLast(one.id(), one.outcome());
                outcomes.putLast(one.id(), one.outcome());
                one.updates().forEach((key, update) -> {
                    switch (update) {
                        case Update.Put(JsonText value) -> entries.put(key, value);
                        case Update.Delete() -> entries.remove(key);
                        case Update.None() -> throw new IllegalStateException("a commit with a check of " + key);
                    }
                });
            }
            case Change.Evicted one -> {
                outcomes.remove(one.id());
                newestEvicted = one.newestEvicted();
            }
        }
    }

    public Map<String, JsonText> read(Set<String> keys) {
        Map<String, JsonText> values = new HashMap<>();
        for (String key : keys) {
            JsonText value = entries.get(key);
            if (value != null) {
                values.put(key, value);
            }
        }
        return values;
    }

    public SequencedMap<String, JsonText> page(@Nullable String after, int limit) {
        SequencedMap<String, JsonText> page = new LinkedHashMap<>();
        List<String> keys = new ArrayList<>((after == null ? entries : entries.tailMap(after, false)).keySet());
        for (String key : keys.subList(0, Math.min(limit, keys.size()))) {
            page.putAll(read(Set.of(key)));
        }
        return page;
    }

    public static StoreException fenced() {
        return new StoreException(StoreException.Kind.FENCED, "the epoch is over");
    }
}
