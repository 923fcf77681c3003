package dtc.resource;

import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A change of a {@link Dictionary} that must be stored before an answer may depend on it. */
public sealed interface Change {

    TransactionId id();

    /**
     * The transaction has voted COMMIT.
     *
     * @param updates what its commit does to each key that it locks; {@link Update.None} if the key is only checked
     */
    record Prepared(TransactionId id, Map<String, Update> updates) implements Change {
        public Prepared {
            updates = copy(updates);
        }
    }

    /**
     * The transaction has committed or rolled back. It is no longer prepared.
     *
     * @param updates what is applied to the committed entries; empty after a rollback
     */
    record Ended(TransactionId id, Outcome outcome, Map<String, Update> updates) implements Change {
        public Ended {
            if (outcome == Outcome.PENDING || (outcome == Outcome.ROLLBACK && !updates.isEmpty())) {
                throw new IllegalArgumentException(outcome + " with " + updates.size() + " updates");
            }
            updates = copy(updates);
        }
    }

    /**
     * The outcome of the transaction is no longer kept.
     *
     * @param newestEvicted as {@link Dictionary#newestEvicted} from now on
     */
    record Evicted(TransactionId id, @Nullable TransactionId newestEvicted) implements Change {}

    /** Keeps the order, unlike {@link Map#copyOf}. */
    private static Map<String, Update> copy(Map<String, Update> updates) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(updates));
    }
}
