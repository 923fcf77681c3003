package dtc.resource;

import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The outcomes of ended transactions, in the order in which they ended. If there are too many, or they are too old,
 * those that ended first are evicted. An unknown transaction that is not newer than the newest evicted one may have
 * been evicted, so a late write never starts a transaction again. As a consequence, a transaction that is older than
 * {@link DictionaryLimits#outcomesMax} ended ones may be refused. Ids that are not ordered by time were not generated
 * by the coordinator, and their eviction does not affect other transactions.
 */
public final class RememberedOutcomes {

    private final int max;
    private final LinkedHashMap<TransactionId, Outcome> outcomes = new LinkedHashMap<>();
    private @Nullable TransactionId newestEvicted;
    private long ended;
    private long evictedEarly;

    RememberedOutcomes(int max) {
        this.max = max;
    }

    /** Restores the stored outcomes. */
    void restore(DictionaryState state) {
        outcomes.putAll(state.outcomes());
        ended = outcomes.size();
        newestEvicted = state.newestEvicted();
    }

    /** Remembers an outcome. Returns the evictions that this requires. */
    List<Change.Evicted> remember(TransactionId id, Outcome outcome) {
        if (outcomes.put(id, outcome) == null) {
            ended++;
        }
        if (outcomes.size() <= max) {
            return List.of();
        }
        evictedEarly++;
        return List.of(evictOldest());
    }

    private Change.Evicted evictOldest() {
        TransactionId evicted = outcomes.pollFirstEntry().getKey();
        if (evicted.isTimeOrdered() && (newestEvicted == null || newestEvicted.isOlderThan(evicted))) {
            newestEvicted = evicted;
        }
        return new Change.Evicted(evicted, newestEvicted);
    }

    /** Evicts the oldest outcomes until {@code number} outcomes have been evicted since this object was created. */
    List<Change.Evicted> evictFirst(long number) {
        List<Change.Evicted> evicted = new ArrayList<>();
        while (!outcomes.isEmpty() && ended - outcomes.size() < number) {
            evicted.add(evictOldest());
        }
        return evicted;
    }

    @Nullable
    Outcome get(TransactionId id) {
        return outcomes.get(id);
    }

    boolean containsKey(TransactionId id) {
        return outcomes.containsKey(id);
    }

    /** Whether the outcome of the transaction may have been evicted. */
    boolean mayHaveBeenEvicted(TransactionId id) {
        return newestEvicted != null
                && id.isTimeOrdered()
                && !newestEvicted.isOlderThan(id)
                && !outcomes.containsKey(id);
    }

    @Nullable
    TransactionId newestEvicted() {
        return newestEvicted;
    }

    public int size() {
        return outcomes.size();
    }

    /** The number of transactions that ended here, including restored and evicted outcomes. */
    public long ended() {
        return ended;
    }

    /** The number of outcomes that were evicted because there were too many. */
    public long evictedEarly() {
        return evictedEarly;
    }
}
