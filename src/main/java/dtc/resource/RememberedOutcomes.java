package dtc.resource;

import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The outcomes of ended transactions, in the order in which they ended. What ended first is evicted first: if there are
 * too many, or by {@link #evictFirst}. An unknown transaction that is not newer than the newest evicted one may have
 * been evicted.
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

    void remember(TransactionId id, Outcome outcome) {
        if (outcomes.put(id, outcome) == null) {
            ended++;
        }
        if (outcomes.size() > max) {
            evictOldest();
            evictedEarly++;
        }
    }

    private void evictOldest() {
        TransactionId evicted = outcomes.pollFirstEntry().getKey();
        if (evicted.isTimeOrdered() && (newestEvicted == null || newestEvicted.isOlderThan(evicted))) {
            newestEvicted = evicted;
        }
    }

    /** Evicts the outcomes of the transactions that ended first, up to the given number since the beginning. */
    public void evictFirst(long number) {
        while (!outcomes.isEmpty() && ended - outcomes.size() < number) {
            evictOldest();
        }
    }

    @Nullable
    Outcome get(TransactionId id) {
        return outcomes.get(id);
    }

    boolean containsKey(TransactionId id) {
        return outcomes.containsKey(id);
    }

    /** Whether the transaction may have ended here, and its outcome was evicted. */
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

    /** Number of transactions that ended here, including those whose outcomes were evicted. */
    public long ended() {
        return ended;
    }

    /** Number of outcomes that were evicted because there were too many. */
    public long evictedEarly() {
        return evictedEarly;
    }
}
