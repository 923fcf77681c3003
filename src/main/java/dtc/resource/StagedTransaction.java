package dtc.resource;

import dtc.protocol.Condition;
import dtc.protocol.JsonEquality;
import dtc.protocol.JsonText;
import dtc.protocol.Update;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A transaction that has not ended at the resource manager. */
final class StagedTransaction {

    enum Phase {
        STAGED,
        /** Received prepare or a one-phase commit; waiting for keys. */
        WAITING,
        /** Holds its keys; waiting for their committed values. */
        LOADING,
        /** Voted COMMIT; in doubt. Holds its keys. */
        PREPARED
    }

    /** The keys that the transaction writes or checks. All of them are locked at the vote. */
    final Map<String, StagedKey> keys = new LinkedHashMap<>();

    Phase phase = Phase.STAGED;

    /** Whether the transaction is WAITING or LOADING because of a one-phase commit, not because of a prepare. */
    boolean onePhase;

    final WriteNumbers writeNumbers = new WriteNumbers();

    /** The number of characters in the staged keys, values and conditions. */
    long chars;

    /**
     * The number of characters by which the commit changes the size of the committed entries; 0 if their size is not
     * limited.
     */
    long growthChars;

    boolean holdsKeys() {
        return phase == Phase.LOADING || phase == Phase.PREPARED;
    }

    /** Returns the number of characters that a write adds. */
    long addedChars(ResourceEvent.Write write, int sequence) {
        StagedKey before = keys.get(write.key());
        Condition condition = write.condition();
        return (before == null ? write.key().length() : 0L)
                + (replacesUpdate(write, sequence)
                        ? write.update().chars() - (before == null ? 0 : before.update.chars())
                        : 0)
                + (condition == null || (before != null && before.contains(condition)) ? 0 : condition.chars());
    }

    /** Whether the write replaces the staged update of its key. A reordered write adds only its condition. */
    private boolean replacesUpdate(ResourceEvent.Write write, int sequence) {
        StagedKey before = keys.get(write.key());
        return !(write.update() instanceof Update.None) && (before == null || before.sequence < sequence);
    }

    void stage(ResourceEvent.Write write, int sequence) {
        chars += addedChars(write, sequence);
        boolean replaces = replacesUpdate(write, sequence);
        StagedKey key = keys.computeIfAbsent(write.key(), _ -> new StagedKey());
        if (replaces) {
            key.update = write.update();
            key.sequence = sequence;
        }
        key.add(write.condition());
        writeNumbers.add(sequence);
    }

    /** Returns the keys whose committed values are needed to decide whether the transaction may commit. */
    Set<String> keysToLoad(boolean entriesAreLimited) {
        Set<String> needed = new LinkedHashSet<>();
        keys.forEach((key, staged) -> {
            if (entriesAreLimited || staged.isConditional()) {
                needed.add(key);
            }
        });
        return needed;
    }

    /** Returns a key with a condition that does not hold; null if all hold. */
    @Nullable
    String keyOfFailedCondition(Map<String, JsonText> values) {
        for (var staged : keys.entrySet()) {
            JsonText committed = values.get(staged.getKey());
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

    /** Returns the number of characters by which the commit changes the size of the committed entries. */
    long computeGrowthChars(Map<String, JsonText> values) {
        long sum = 0;
        for (var staged : keys.entrySet()) {
            JsonText before = values.get(staged.getKey());
            long keyChars = staged.getKey().length();
            long charsBefore = before == null ? 0 : keyChars + before.text().length();
            sum += switch (staged.getValue().update) {
                case Update.Put(JsonText value) -> keyChars + value.text().length() - charsBefore;
                case Update.Delete() -> -charsBefore;
                case Update.None() -> 0;
            };
        }
        return sum;
    }

    /**
     * Returns the updates that the commit makes.
     *
     * @param includeChecks whether to include keys that are only checked
     */
    Map<String, Update> updates(boolean includeChecks) {
        Map<String, Update> updates = new LinkedHashMap<>();
        keys.forEach((key, staged) -> {
            if (includeChecks || !(staged.update instanceof Update.None)) {
                updates.put(key, staged.update);
            }
        });
        return updates;
    }

    /** Restores a transaction that voted COMMIT before a restart. */
    static StagedTransaction restore(Change.Prepared prepared) {
        StagedTransaction transaction = new StagedTransaction();
        transaction.phase = Phase.PREPARED;
        prepared.updates().forEach((key, update) -> {
            StagedKey staged = new StagedKey();
            staged.update = update;
            transaction.keys.put(key, staged);
            transaction.chars += key.length() + update.chars();
        });
        return transaction;
    }
}
