package dtc.resource;

import dtc.protocol.Condition;
import dtc.protocol.JsonEquality;
import dtc.protocol.JsonText;
import dtc.protocol.Update;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The committed values. */
final class CommittedEntries {

    private final NavigableMap<String, JsonText> entries = new TreeMap<>();
    private long chars;

    @Nullable
    JsonText get(String key) {
        return entries.get(key);
    }

    SortedMap<String, JsonText> page(@Nullable String after, int limit) {
        TreeMap<String, JsonText> page = new TreeMap<>();
        for (var entry : (after == null ? entries : entries.tailMap(after, false)).entrySet()) {
            if (page.size() == limit) {
                break;
            }
            page.put(entry.getKey(), entry.getValue());
        }
        return page;
    }

    /** Number of characters of all keys and values. */
    long chars() {
        return chars;
    }

    void apply(String key, Update update) {
        chars += growth(key, update);
        switch (update) {
            case Update.Put(JsonText value) -> entries.put(key, value);
            case Update.Delete() -> entries.remove(key);
            case Update.None() -> {}
        }
    }

    /** Returns the number of characters by which the updates of a transaction increase {@link #chars}. */
    long growth(Map<String, StagedKey> keys) {
        long growth = 0;
        for (var staged : keys.entrySet()) {
            growth += growth(staged.getKey(), staged.getValue().update);
        }
        return growth;
    }

    private long growth(String key, Update update) {
        JsonText before = entries.get(key);
        long charsBefore = before == null ? 0 : chars(key, before);
        return switch (update) {
            case Update.Put(JsonText value) -> chars(key, value) - charsBefore;
            case Update.Delete() -> -charsBefore;
            case Update.None() -> 0;
        };
    }

    private static long chars(String key, JsonText value) {
        return (long) key.length() + value.text().length();
    }

    /** Returns a key with a condition that does not hold; null if all hold. */
    @Nullable
    String failedCondition(Map<String, StagedKey> keys) {
        for (var staged : keys.entrySet()) {
            JsonText committed = entries.get(staged.getKey());
            for (Condition condition : staged.getValue().conditions()) {
                boolean holds = switch (condition) {
                    case Condition.Absent() -> committed == null;
                    case Condition.HasValue(JsonText value) ->
                        committed != null && JsonEquality.isEqual(committed, value);
                };
                if (!holds) {
                    return staged.getKey();
                }
            }
        }
        return null;
    }
}
