package dtc.resource;

import dtc.protocol.Condition;
import dtc.protocol.Update;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The staged update and the conditions of one key in a transaction. */
final class StagedKey {

    /** The number of the write that set {@link #update}; 0 if there is none. */
    int sequence;

    Update update = new Update.None();

    /** Each is checked against the value committed before the transaction, so their order does not matter. */
    private final Set<Condition> conditions = new LinkedHashSet<>(2);

    boolean contains(@Nullable Condition condition) {
        return condition == null || conditions.contains(condition);
    }

    void add(@Nullable Condition condition) {
        if (condition != null) {
            conditions.add(condition);
        }
    }

    boolean isConditional() {
        return !conditions.isEmpty();
    }

    Iterable<Condition> conditions() {
        return conditions;
    }
}
