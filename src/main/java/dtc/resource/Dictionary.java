package dtc.resource;

import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An in-memory key-value store that takes part in transactions: it stages writes, votes, and applies or discards each
 * transaction once. Deterministic. Not thread-safe: the caller applies one event at a time.
 *
 * <p><b>Locks.</b> A transaction locks all its keys at its vote and holds them until its outcome. Every resource
 * manager does this, so all keys of a committed transaction are locked everywhere when the coordinator decides, and the
 * order of decisions is a serial order.
 *
 * <p><b>Deadlocks</b> are prevented by wait-die (Rosenkrantz, Stearns, Lewis 1978): a transaction waits only for
 * younger ones, which rules out a deadlock across resource managers. A transaction also aborts if an older one is
 * waiting for one of its keys.
 *
 * <p><b>Remembered outcomes</b> refuse late messages. Their number is limited; the oldest is evicted first. An unknown
 * id that is not newer than the newest evicted id counts as ended, so a late write never starts a transaction again.
 * The cost: a transaction that is older than {@link DictionaryLimits#outcomesMax} ended ones may not be able to start
 * here. Ids that are not ordered by time were not made by the coordinator, and their eviction does not affect others.
 */
public final class Dictionary {

    private enum Phase {
        STAGED,
        /** Asked to vote; waiting for keys. */
        WAITING_TO_VOTE,
        /** Asked to commit in one phase; waiting for keys. */
        WAITING_TO_COMMIT,
        /** Voted COMMIT; in doubt. */
        PREPARED
    }

    private record StagedWrite(int sequence, JsonText value) {}

    private static final class OpenTransaction {
        private final Map<String, StagedWrite> writes = new LinkedHashMap<>();
        private Phase phase = Phase.STAGED;
        private int lastSequence;
        /** How many characters its commit adds to the entries, if any. Reserved while PREPARED. */
        private long growth;

        private boolean isWaiting() {
            return phase == Phase.WAITING_TO_VOTE || phase == Phase.WAITING_TO_COMMIT;
        }
    }

    private static final String ENDED = "this transaction has ended here";

    private final DictionaryLimits limits;
    private final NavigableMap<String, JsonText> entries = new TreeMap<>();
    private final NavigableMap<TransactionId, OpenTransaction> open = new TreeMap<>();
    /** The open transactions that wait for keys, oldest first. */
    private final NavigableMap<TransactionId, OpenTransaction> waiting = new TreeMap<>();
    /** The holder of each locked key. Invariant: exactly the keys of the PREPARED transactions. */
    private final Map<String, TransactionId> locks = new HashMap<>();
    /** COMMIT or ROLLBACK, in the order in which the transactions ended. */
    private final LinkedHashMap<TransactionId, Outcome> outcomes = new LinkedHashMap<>();

    private @Nullable TransactionId newestEvicted;
    private long stagedChars;
    private long storedChars;
    private long reservedChars;
    private long conflicts;

    public Dictionary(DictionaryLimits limits) {
        this.limits = limits;
    }

    public List<ResourceEffect> apply(ResourceEvent event) {
        List<ResourceEffect> effects = new ArrayList<>(2);
        switch (event) {
            case ResourceEvent.Write e -> write(e, effects);
            case ResourceEvent.Prepare e -> prepare(e, effects);
            case ResourceEvent.Commit e -> commit(e.id(), effects);
            case ResourceEvent.Rollback e -> rollback(e.id(), effects);
            case ResourceEvent.LockWaitExpired e -> lockWaitExpired(e.id(), effects);
            case ResourceEvent.StagedExpired e -> stagedExpired(e.id(), effects);
        }
        return effects;
    }

    private void write(ResourceEvent.Write e, List<ResourceEffect> effects) {
        OpenTransaction transaction = open.get(e.id());
        if (transaction == null && isEnded(e.id())) {
            effects.add(new ResourceEffect.WriteRefused(e.id(), ENDED));
            return;
        }
        if (transaction != null && transaction.phase != Phase.STAGED) {
            effects.add(new ResourceEffect.WriteRefused(e.id(), "this transaction has voted here"));
            return;
        }
        int sequence = e.sequence() > 0 ? e.sequence() : transaction == null ? 1 : transaction.lastSequence + 1;
        StagedWrite before = transaction == null ? null : transaction.writes.get(e.key());
        if (before != null && before.sequence >= sequence) {
            effects.add(new ResourceEffect.Staged(e.id(), false));
            return;
        }
        long more = chars(e.key(), e.value()) - (before == null ? 0 : chars(e.key(), before.value));
        if (transaction == null && open.size() >= limits.stagedTransactionsMax()) {
            effects.add(new ResourceEffect.NoRoom(e.id(), "too many transactions have staged writes here"));
            return;
        }
        if (stagedChars + more > limits.stagedCharsMax()) {
            effects.add(new ResourceEffect.NoRoom(e.id(), "no room for more staged writes"));
            return;
        }
        boolean first = transaction == null;
        OpenTransaction target = transaction == null ? new OpenTransaction() : transaction;
        open.put(e.id(), target);
        target.writes.put(e.key(), new StagedWrite(sequence, e.value()));
        target.lastSequence = Math.max(target.lastSequence, sequence);
        stagedChars += more;
        effects.add(new ResourceEffect.Staged(e.id(), first));
    }

    private void prepare(ResourceEvent.Prepare e, List<ResourceEffect> effects) {
        TransactionId id = e.id();
        String noRoom = stage(e, effects);
        OpenTransaction transaction = open.get(id);
        if (noRoom != null) {
            if (transaction == null) {
                remember(id, Outcome.ROLLBACK);
                effects.add(new ResourceEffect.Voted(id, Ballot.abort(noRoom)));
            } else {
                abort(id, transaction, Phase.WAITING_TO_VOTE, noRoom, effects);
            }
            return;
        }
        if (transaction == null) {
            if (outcomes.get(id) == Outcome.COMMIT) {
                effects.add(new ResourceEffect.Voted(id, Ballot.COMMIT));
                return;
            }
            // Remembered, so that a write that arrives after its own prepare is refused.
            remember(id, Outcome.ROLLBACK);
            effects.add(new ResourceEffect.Voted(id, Ballot.abort("nothing is staged for this transaction here")));
            return;
        }
        switch (transaction.phase) {
            case STAGED -> lockKeys(id, transaction, Phase.WAITING_TO_VOTE, effects);
            case WAITING_TO_VOTE -> {} // the vote will answer both
            case WAITING_TO_COMMIT -> abortBoth(id, transaction, effects);
            case PREPARED -> effects.add(new ResourceEffect.Voted(id, Ballot.COMMIT));
        }
    }

    /**
     * Stages the writes of a prepare. Returns the reason if they exceed a limit, else null. A refused write belongs to
     * a late or duplicate prepare; the vote answers that.
     */
    private @Nullable String stage(ResourceEvent.Prepare e, List<ResourceEffect> effects) {
        for (ResourceEvent.Write write : e.writes()) {
            write(write, effects);
            if (effects.getLast() instanceof ResourceEffect.NoRoom(var _, String reason)) {
                return reason;
            }
        }
        return null;
    }

    /**
     * Locks the keys of the transaction and votes or commits, or waits, or aborts.
     *
     * @param purpose {@code WAITING_TO_VOTE} or {@code WAITING_TO_COMMIT}
     */
    private void lockKeys(TransactionId id, OpenTransaction transaction, Phase purpose, List<ResourceEffect> effects) {
        boolean mustWait = false;
        for (String key : transaction.writes.keySet()) {
            TransactionId holder = locks.get(key);
            if (holder != null) {
                mustWait = true;
                if (holder.isOlderThan(id)) {
                    conflicts++;
                    abort(id, transaction, purpose, "a key is held by the older transaction " + holder, effects);
                    return;
                }
            }
        }
        TransactionId older = olderWaiter(id, transaction);
        if (older != null) {
            conflicts++;
            abort(id, transaction, purpose, "the older transaction " + older + " waits for a key", effects);
            return;
        }
        if (mustWait) {
            if (transaction.phase == Phase.STAGED) {
                conflicts++;
                transaction.phase = purpose;
                waiting.put(id, transaction);
                effects.add(new ResourceEffect.Waiting(id));
            }
            return;
        }
        long growth = growth(transaction);
        if (storedChars + reservedChars + Math.max(growth, 0) > limits.storedCharsMax()) {
            abort(id, transaction, purpose, "no room for more entries", effects);
            return;
        }
        if (purpose == Phase.WAITING_TO_COMMIT) {
            end(id, transaction, Outcome.COMMIT);
            effects.add(new ResourceEffect.Committed(id));
            return;
        }
        transaction.phase = Phase.PREPARED;
        waiting.remove(id);
        transaction.growth = Math.max(growth, 0);
        reservedChars += transaction.growth;
        transaction.writes.keySet().forEach(key -> locks.put(key, id));
        effects.add(new ResourceEffect.Voted(id, Ballot.COMMIT));
        effects.add(new ResourceEffect.InDoubt(id));
    }

    /**
     * Aborts a transaction that was asked both to vote and to commit in one phase: the only answer that is safe for
     * both.
     */
    private void abortBoth(TransactionId id, OpenTransaction transaction, List<ResourceEffect> effects) {
        String reason = "asked for a vote, and to commit without one";
        end(id, transaction, Outcome.ROLLBACK);
        effects.add(new ResourceEffect.Voted(id, Ballot.abort(reason)));
        effects.add(new ResourceEffect.CommitRefused(id, reason));
    }

    /** An older transaction that waits for a key of this one; null if there is none. */
    private @Nullable TransactionId olderWaiter(TransactionId id, OpenTransaction transaction) {
        for (var older : waiting.headMap(id).entrySet()) {
            if (!Collections.disjoint(older.getValue().writes.keySet(), transaction.writes.keySet())) {
                return older.getKey();
            }
        }
        return null;
    }

    private void abort(
            TransactionId id, OpenTransaction transaction, Phase purpose, String reason, List<ResourceEffect> effects) {
        end(id, transaction, Outcome.ROLLBACK);
        effects.add(
                purpose == Phase.WAITING_TO_COMMIT
                        ? new ResourceEffect.CommitRefused(id, reason)
                        : new ResourceEffect.Voted(id, Ballot.abort(reason)));
    }

    private void commit(TransactionId id, List<ResourceEffect> effects) {
        OpenTransaction transaction = open.get(id);
        if (transaction == null) {
            Outcome outcome = outcomes.get(id);
            effects.add(
                    outcome == null
                            ? new ResourceEffect.Unknown(id)
                            : outcome == Outcome.COMMIT
                                    ? new ResourceEffect.Committed(id)
                                    : new ResourceEffect.CommitRefused(id, ENDED));
            return;
        }
        switch (transaction.phase) {
            case STAGED -> lockKeys(id, transaction, Phase.WAITING_TO_COMMIT, effects);
            case WAITING_TO_COMMIT -> {} // the outcome will answer both
            case WAITING_TO_VOTE -> abortBoth(id, transaction, effects);
            case PREPARED -> {
                end(id, transaction, Outcome.COMMIT);
                effects.add(new ResourceEffect.Committed(id));
            }
        }
        retryWaiting(effects);
    }

    private void rollback(TransactionId id, List<ResourceEffect> effects) {
        OpenTransaction transaction = open.get(id);
        if (transaction != null) {
            end(id, transaction, Outcome.ROLLBACK);
            if (transaction.phase == Phase.WAITING_TO_COMMIT) {
                effects.add(new ResourceEffect.CommitRefused(id, ENDED));
            } else if (transaction.phase == Phase.WAITING_TO_VOTE) {
                effects.add(new ResourceEffect.Voted(id, Ballot.abort("rolled back while it waited for a key")));
            }
        } else if (outcomes.get(id) == Outcome.COMMIT) {
            effects.add(new ResourceEffect.RollbackRefused(id));
            return;
        } else {
            remember(id, Outcome.ROLLBACK);
        }
        effects.add(new ResourceEffect.RolledBack(id));
        retryWaiting(effects);
    }

    private void lockWaitExpired(TransactionId id, List<ResourceEffect> effects) {
        OpenTransaction transaction = open.get(id);
        if (transaction != null && transaction.isWaiting()) {
            abort(id, transaction, transaction.phase, "a key was held by another transaction for too long", effects);
            retryWaiting(effects);
        }
    }

    private void stagedExpired(TransactionId id, List<ResourceEffect> effects) {
        OpenTransaction transaction = open.get(id);
        // After the vote, only the coordinator may end the transaction.
        if (transaction != null && transaction.phase == Phase.STAGED) {
            end(id, transaction, Outcome.ROLLBACK);
            effects.add(new ResourceEffect.RolledBack(id));
        }
    }

    private void retryWaiting(List<ResourceEffect> effects) {
        for (var entry : List.copyOf(waiting.entrySet())) {
            lockKeys(entry.getKey(), entry.getValue(), entry.getValue().phase, effects);
        }
    }

    private void end(TransactionId id, OpenTransaction transaction, Outcome outcome) {
        open.remove(id);
        waiting.remove(id);
        if (transaction.phase == Phase.PREPARED) {
            transaction.writes.keySet().forEach(locks::remove);
            reservedChars -= transaction.growth;
        }
        transaction.writes.forEach((key, write) -> {
            stagedChars -= chars(key, write.value);
            if (outcome == Outcome.COMMIT) {
                JsonText before = entries.put(key, write.value);
                storedChars += chars(key, write.value) - (before == null ? 0 : chars(key, before));
            }
        });
        remember(id, outcome);
    }

    private void remember(TransactionId id, Outcome outcome) {
        outcomes.put(id, outcome);
        if (outcomes.size() > limits.outcomesMax()) {
            TransactionId evicted = outcomes.pollFirstEntry().getKey();
            if (evicted.isOrderedByTime() && (newestEvicted == null || newestEvicted.isOlderThan(evicted))) {
                newestEvicted = evicted;
            }
        }
    }

    private boolean isEnded(TransactionId id) {
        return outcomes.containsKey(id)
                || (newestEvicted != null && id.isOrderedByTime() && !newestEvicted.isOlderThan(id));
    }

    private long growth(OpenTransaction transaction) {
        long growth = 0;
        for (var write : transaction.writes.entrySet()) {
            JsonText before = entries.get(write.getKey());
            growth += chars(write.getKey(), write.getValue().value)
                    - (before == null ? 0 : chars(write.getKey(), before));
        }
        return growth;
    }

    private static long chars(String key, JsonText value) {
        return (long) key.length() + value.text().length();
    }

    // Reads

    public @Nullable JsonText entry(String key) {
        return entries.get(key);
    }

    /**
     * At most {@code limit} committed entries, sorted by key. Starts after the key {@code after}, if it is not null.
     */
    public SortedMap<String, JsonText> entries(@Nullable String after, int limit) {
        TreeMap<String, JsonText> page = new TreeMap<>();
        for (var entry : (after == null ? entries : entries.tailMap(after, false)).entrySet()) {
            if (page.size() == limit) {
                break;
            }
            page.put(entry.getKey(), entry.getValue());
        }
        return page;
    }

    /** At most {@code limit} transactions that have not ended, oldest first; true if in doubt. */
    public SortedMap<TransactionId, Boolean> open(int limit) {
        TreeMap<TransactionId, Boolean> page = new TreeMap<>();
        for (var entry : open.entrySet()) {
            if (page.size() == limit) {
                break;
            }
            page.put(entry.getKey(), entry.getValue().phase == Phase.PREPARED);
        }
        return page;
    }

    /** {@code PENDING} if the transaction has not ended here, null if it is unknown. */
    public @Nullable Outcome outcome(TransactionId id) {
        return open.containsKey(id) ? Outcome.PENDING : outcomes.get(id);
    }

    public int stagedTransactions() {
        return open.size();
    }

    public int lockedKeys() {
        return locks.size();
    }

    public int rememberedOutcomes() {
        return outcomes.size();
    }

    public long conflicts() {
        return conflicts;
    }
}
