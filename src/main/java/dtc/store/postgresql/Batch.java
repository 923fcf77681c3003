package dtc.store.postgresql;

import dtc.protocol.JsonText;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import dtc.resource.Change;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Changes as the parameters of one statement. All parts of a statement see the tables as they were before it, and no
 * row may be changed twice. So of several changes of a row, only the last one is left.
 */
final class Batch {

    static final String PUT = "put";
    static final String DELETE = "delete";
    static final String CHECK = "check";

    private final Map<TransactionId, Change.Prepared> prepared = new LinkedHashMap<>();
    /** No longer prepared. */
    private final Set<TransactionId> finished = new HashSet<>();

    private final Map<TransactionId, Outcome> outcomes = new LinkedHashMap<>();
    private final Map<String, Update> updates = new LinkedHashMap<>();
    private final Set<TransactionId> evicted = new HashSet<>();
    private @Nullable TransactionId newestEvicted;

    Batch(List<Change> changes) {
        changes.forEach(this::add);
    }

    private void add(Change change) {
        switch (change) {
            case Change.Prepared one -> prepared.put(one.id(), one);
            case Change.Ended one -> {
                if (prepared.remove(one.id()) == null) {
                    finished.add(one.id());
                }
                outcomes.put(one.id(), one.outcome());
                evicted.remove(one.id());
                updates.putAll(one.updates());
            }
            case Change.Evicted one -> {
                if (outcomes.remove(one.id()) == null) {
                    evicted.add(one.id());
                }
                if (one.newestEvicted() != null) {
                    newestEvicted = one.newestEvicted();
                }
            }
        }
    }

    /** In the order of {@link Statements#append}. */
    Tuple parameters(String rm, long epoch) {
        List<UUID> preparedIds = new ArrayList<>();
        List<String> preparedKeys = new ArrayList<>();
        List<String> operations = new ArrayList<>();
        List<@Nullable String> preparedValues = new ArrayList<>();
        prepared.forEach((id, one) -> one.updates().forEach((key, update) -> {
            preparedIds.add(id.value());
            preparedKeys.add(key);
            operations.add(operation(update));
            preparedValues.add(update instanceof Update.Put(JsonText value) ? value.text() : null);
        }));
        List<String> putKeys = new ArrayList<>();
        List<String> putValues = new ArrayList<>();
        List<String> deletedKeys = new ArrayList<>();
        updates.forEach((key, update) -> {
            switch (update) {
                case Update.Put(JsonText value) -> {
                    putKeys.add(key);
                    putValues.add(value.text());
                }
                case Update.Delete() -> deletedKeys.add(key);
                case Update.None() -> {}
            }
        });
        return Tuple.tuple()
                .addString(rm)
                .addLong(epoch)
                .addArrayOfUUID(preparedIds.toArray(UUID[]::new))
                .addArrayOfString(preparedKeys.toArray(String[]::new))
                .addArrayOfString(operations.toArray(String[]::new))
                .addArrayOfString(preparedValues.toArray(String[]::new))
                .addArrayOfUUID(ids(finished))
                .addArrayOfUUID(ids(outcomes.keySet()))
                .addArrayOfString(outcomes.values().stream().map(Outcome::name).toArray(String[]::new))
                .addArrayOfString(putKeys.toArray(String[]::new))
                .addArrayOfString(putValues.toArray(String[]::new))
                .addArrayOfString(deletedKeys.toArray(String[]::new))
                .addArrayOfUUID(ids(evicted))
                .addUUID(newestEvicted == null ? null : newestEvicted.value());
    }

    private static UUID[] ids(Set<TransactionId> transactions) {
        return transactions.stream().map(TransactionId::value).toArray(UUID[]::new);
    }

    static String operation(Update update) {
        return switch (update) {
            case Update.Put _ -> PUT;
            case Update.Delete _ -> DELETE;
            case Update.None _ -> CHECK;
        };
    }

    static Update update(String operation, @Nullable String value) {
        return switch (operation) {
            case PUT -> {
                if (value == null) {
                    throw new IllegalStateException("a prepared write without a value");
                }
                yield new Update.Put(new JsonText(value));
            }
            case DELETE -> new Update.Delete();
            case CHECK -> new Update.None();
            default -> throw new IllegalStateException("unknown operation " + operation);
        };
    }
}
