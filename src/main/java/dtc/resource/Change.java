package dtc.resource;

import dtc.protocol.JsonText;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A change to a {@link Dictionary}. It must be stored before an answer that depends on it is sent. */
public sealed interface Change {

    /** Storing a row takes about as long as storing this number of characters. */
    int ROW_OVERHEAD_CHARS = 100;

    TransactionId id();

    /** The update of each key. */
    Map<String, Update> updates();

    /** The number of characters of keys and values, plus an estimate of the overhead of each row. */
    default long estimatedChars() {
        long size = ROW_OVERHEAD_CHARS;
        for (Map.Entry<String, Update> update : updates().entrySet()) {
            size += ROW_OVERHEAD_CHARS + update.getKey().length();
            if (update.getValue() instanceof Update.Put(JsonText value)) {
                size += value.text().length();
            }
        }
        return size;
    }

    /**
     * The transaction has voted COMMIT.
     *
     * @param updates the update of each locked key at the commit; {@link Update.None} if the key is only checked
     */
    record Prepared(TransactionId id, Map<String, Update> updates) implements Change {
        public Prepared {
            updates = copy(updates);
        }
    }

    /**
     * The transaction has committed or rolled back. It is no longer prepared.
     *
     * @param updates the updates of the committed entries; empty after a rollback
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
     * @param newestEvicted the new value of {@link Dictionary#newestEvicted}
     */
    record Evicted(TransactionId id, @Nullable TransactionId newestEvicted) implements Change {
        @Override
        public Map<String, Update> updates() {
            return Map.of();
        }
    }

    /** Keeps the order, unlike {@link Map#copyOf}. */
    private static Map<String, Update> copy(Map<String, Update> updates) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(updates));
    }
}
