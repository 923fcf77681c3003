package dtc.log.fenced;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A transaction of the store: if all conditions hold, it executes the operations of {@code then}, otherwise those of
 * {@code otherwise}. It is atomic.
 */
public record Txn(List<Condition> conditions, List<Operation> then, List<Operation> otherwise) {

    public Txn {
        conditions = List.copyOf(conditions);
        then = List.copyOf(then);
        otherwise = List.copyOf(otherwise);
    }

    /** A transaction that only reads these keys. */
    static Txn read(String... keys) {
        return new Txn(List.of(), gets(keys), List.of());
    }

    static List<Operation> gets(String... keys) {
        return Arrays.stream(keys).<Operation>map(Operation.Get::new).toList();
    }

    /**
     * A condition on the value of a key.
     *
     * @param value the value that the key must have; null if the key must not exist
     */
    public record Condition(String key, @Nullable StoredValue value) {}

    /** An operation on one key, or on a range of keys. */
    public sealed interface Operation {
        record Get(String key) implements Operation {}

        record Put(String key, StoredValue value) implements Operation {}

        record Delete(String key) implements Operation {}

        /** Deletes the keys from {@code from} (inclusive) to {@code to} (exclusive). */
        record DeleteRange(String from, String to) implements Operation {}
    }

    /**
     * The result of a transaction.
     *
     * @param succeeded whether the conditions held
     * @param values the values that were read; keys that do not exist are omitted
     */
    public record Result(boolean succeeded, Map<String, StoredValue> values) {

        public Result {
            values = Map.copyOf(values);
        }

        public @Nullable StoredValue value(String key) {
            return values.get(key);
        }
    }
}
