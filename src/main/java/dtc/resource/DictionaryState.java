package dtc.resource;

import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The stored state of a {@link Dictionary}, without the committed entries.
 *
 * @param prepared transactions that voted COMMIT and have not ended
 * @param outcomes COMMIT or ROLLBACK, in the order in which the transactions ended
 * @param newestEvicted see {@link Dictionary#newestEvicted}
 */
public record DictionaryState(
        List<Change.Prepared> prepared,
        Map<TransactionId, Outcome> outcomes,
        @Nullable TransactionId newestEvicted) {

    public static final DictionaryState EMPTY = new DictionaryState(List.of(), Map.of(), null);

    public DictionaryState {
        prepared = List.copyOf(prepared);
        outcomes = Collections.unmodifiableMap(new LinkedHashMap<>(outcomes));
    }
}
