package dtc.resource;

import dtc.protocol.Ballot;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import dtc.resource.StagedTransaction.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The state machine of a resource manager: a key-value store that takes part in transactions. It stages writes, votes,
 * and applies or discards each transaction once. It holds locks, open transactions and remembered outcomes; the driver
 * stores its changes and reads the committed entries. Deterministic. Not thread-safe.
 *
 * <p><b>Storage.</b> Each change is a {@link ResourceEffect.Persist}. Changes must be stored in the order of these
 * effects, and before the answers that follow them are sent. If it is unknown whether a change was stored, replace this
 * object with a new one, created from the stored state. The new object locks the keys of the prepared transactions
 * without evaluating their conditions again. Staged writes are lost, and their transactions vote ABORT.
 *
 * <p><b>Locks.</b> A transaction locks all its keys when it votes and holds them until its outcome is known. Every
 * resource manager does this, so all keys of a committed transaction are locked in all of them when the coordinator
 * decides. The order of decisions is therefore a serial order.
 *
 * <p><b>Deadlocks</b> are prevented by wait-die (Rosenkrantz, Stearns, Lewis 1978): a transaction waits only for
 * younger ones, which rules out a deadlock across resource managers. A transaction also aborts if an older one is
 * waiting for one of its keys.
 *
 * <p><b>Conditions</b> are evaluated against the committed values once all keys of the transaction are locked, so that
 * no other transaction changes these values until this one ends. Checked keys are locked like written ones.
 */
public final class Dictionary {

    private static final String ENDED = "this transaction has ended here";
    private static final String INCOMPLETE = "not all writes of this transaction have arrived here";
    private static final String NOTHING_STAGED = "nothing is staged for this transaction here";

    private final DictionaryLimits limits;
    private final NavigableMap<TransactionId, StagedTransaction> open = new TreeMap<>();
    /** The open transactions that wait for keys, oldest first. */
    private final WaitingTransactions waiting = new WaitingTransactions();
    /** Invariant: contains exactly the keys of the transactions that are LOADING or PREPARED. */
    private final KeyLocks locks = new KeyLocks();
    /** COMMIT or ROLLBACK, in the order in which the transactions ended. */
    private final RememberedOutcomes outcomes;

    private long stagedChars;
    /** The number of characters in the committed entries; 0 if they are not limited. */
    private long storedChars;
    /** The number of characters by which the committed entries grow if all PREPARED transactions commit. */
    private long reservedChars;

    private long conflicts;

    public Dictionary(DictionaryLimits limits, DictionaryState state) {
        this.limits = limits;
        this.outcomes = new RememberedOutcomes(limits.outcomesMax());
        outcomes.restore(state);
        for (Change.Prepared prepared : state.prepared()) {
            StagedTransaction transaction = StagedTransaction.restore(prepared);
            open.put(prepared.id(), transaction);
            locks.lock(transaction.keys.keySet(), prepared.id());
            stagedChars += transaction.chars;
        }
    }

    public List<ResourceEffect> apply(ResourceEvent event) {
        List<ResourceEffect> effects = new ArrayList<>(2);
        switch (event) {
            case ResourceEvent.Write e -> write(e, effects);
            case ResourceEvent.Prepare e -> prepare(e, effects);
            case ResourceEvent.Commit e -> commit(e, effects);
            case ResourceEvent.Rollback e -> rollback(e.id(), effects);
            case ResourceEvent.Loaded e -> loaded(e, effects);
            case ResourceEvent.LockWaitExpired e -> lockWaitExpired(e.id(), effects);
            case ResourceEvent.StagedExpired e -> stagedExpired(e.id(), effects);
        }
        return effects;
    }

    private void write(ResourceEvent.Write e, List<ResourceEffect> effects) {
        StagedTransaction known = open.get(e.id());
        if (known == null && isEnded(e.id())) {
            effects.add(new ResourceEffect.WriteRefused(e.id(), ENDED));
            return;
        }
        if (known == null && open.size() >= limits.stagedTransactionsMax()) {
            effects.add(new ResourceEffect.NoRoom(e.id(), "too many transactions have staged writes here"));
            return;
        }
        StagedTransaction transaction = known == null ? new StagedTransaction() : known;
        if (transaction.phase != Phase.STAGED) {
            effects.add(new ResourceEffect.WriteRefused(e.id(), "this transaction has voted here"));
            return;
        }
        if (transaction.writeNumbers.isFull()) {
            effects.add(new ResourceEffect.NoRoom(e.id(), "too many earlier writes have not arrived"));
            return;
        }
        int sequence = e.sequence() > 0 ? e.sequence() : transaction.writeNumbers.last() + 1;
        if (transaction.writeNumbers.contains(sequence)) {
            effects.add(new ResourceEffect.Staged(e.id(), false)); // a duplicate
            return;
        }
        long addedChars = transaction.addedChars(e, sequence);
        if (stagedChars + addedChars > limits.stagedCharsMax()) {
            effects.add(new ResourceEffect.NoRoom(e.id(), "the limit of staged writes is reached"));
            return;
        }
        open.put(e.id(), transaction);
        transaction.stage(e, sequence);
        stagedChars += addedChars;
        effects.add(new ResourceEffect.Staged(e.id(), known == null));
    }

    private void prepare(ResourceEvent.Prepare e, List<ResourceEffect> effects) {
        TransactionId id = e.id();
        String noRoom = stage(e, effects);
        StagedTransaction transaction = open.get(id);
        if (noRoom != null) {
            if (transaction == null) {
                remember(id, Outcome.ROLLBACK, Map.of(), effects);
                effects.add(new ResourceEffect.Voted(id, Ballot.abort(noRoom)));
            } else {
                abort(id, transaction, noRoom, effects);
            }
            return;
        }
        if (transaction == null) {
            if (outcomes.get(id) == Outcome.COMMIT) {
                effects.add(new ResourceEffect.Voted(id, Ballot.COMMIT));
                return;
            }
            // The rollback is remembered, so that a write that arrives after the prepare is refused. If the outcome may
            // have been evicted, the write is refused in any case, and whether the transaction committed is unknown.
            if (!isEnded(id)) {
                remember(id, Outcome.ROLLBACK, Map.of(), effects);
            }
            effects.add(new ResourceEffect.Voted(id, Ballot.abort(NOTHING_STAGED)));
            return;
        }
        transaction.writeNumbers.expect(e.writeCount());
        switch (transaction.phase) {
            case STAGED -> lockKeys(id, transaction, effects);
            case WAITING, LOADING -> {
                if (transaction.onePhase) {
                    abortBoth(id, transaction, effects);
                } // else the vote answers both messages
            }
            case PREPARED -> effects.add(new ResourceEffect.Voted(id, Ballot.COMMIT));
        }
    }

    /**
     * Stages the writes of a prepare. Returns the reason if a limit is exceeded; otherwise null. Other refusals are
     * ignored: they occur only if the prepare is late or a duplicate. The vote also answers the writes.
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
     * Locks the keys of the transaction, and then votes or commits. If this is not possible, the transaction waits or
     * aborts.
     */
    private void lockKeys(TransactionId id, StagedTransaction transaction, List<ResourceEffect> effects) {
        if (!transaction.writeNumbers.isComplete()) {
            abort(id, transaction, INCOMPLETE, effects);
            return;
        }
        List<TransactionId> holders = locks.findHolders(transaction.keys.keySet());
        for (TransactionId holder : holders) {
            if (holder.isOlderThan(id)) {
                conflicts++;
                abort(id, transaction, "a key is locked by the older transaction " + holder, effects);
                return;
            }
        }
        TransactionId older = waiting.findOlderWithSameKey(id, transaction);
        if (older != null) {
            conflicts++;
            abort(id, transaction, "the older transaction " + older + " waits for a key", effects);
            return;
        }
        if (!holders.isEmpty()) {
            if (transaction.phase == Phase.STAGED) {
                conflicts++;
                transaction.phase = Phase.WAITING;
                waiting.add(id, transaction);
                effects.add(new ResourceEffect.Waiting(id));
            }
            return;
        }
        waiting.remove(id);
        locks.lock(transaction.keys.keySet(), id);
        transaction.phase = Phase.LOADING;
        Set<String> needed = transaction.keysToLoad(limits.hasStoredCharsMax());
        if (needed.isEmpty()) {
            accept(id, transaction, effects);
        } else {
            effects.add(new ResourceEffect.Load(id, needed));
        }
    }

    private void loaded(ResourceEvent.Loaded e, List<ResourceEffect> effects) {
        TransactionId id = e.id();
        StagedTransaction transaction = open.get(id);
        if (transaction == null || transaction.phase != Phase.LOADING) {
            return; // it has ended in the meantime
        }
        String failed = transaction.keyOfFailedCondition(e.values());
        if (failed != null) {
            abort(id, transaction, Ballot.conditionFailedReason(failed), effects);
            retryWaiting(effects);
            return;
        }
        if (limits.hasStoredCharsMax()) {
            transaction.growthChars = transaction.computeGrowthChars(e.values());
            if (storedChars + reservedChars + Math.max(transaction.growthChars, 0) > limits.storedCharsMax()) {
                abort(id, transaction, "the limit of stored entries is reached", effects);
                retryWaiting(effects);
                return;
            }
        }
        accept(id, transaction, effects);
        if (transaction.onePhase) {
            retryWaiting(effects);
        }
    }

    /** Votes for commit, or commits in one phase. The transaction holds its keys and may commit. */
    private void accept(TransactionId id, StagedTransaction transaction, List<ResourceEffect> effects) {
        if (transaction.onePhase) {
            end(id, transaction, Outcome.COMMIT, effects);
            effects.add(new ResourceEffect.Committed(id));
            return;
        }
        transaction.phase = Phase.PREPARED;
        reservedChars += Math.max(transaction.growthChars, 0);
        effects.add(new ResourceEffect.Persist(new Change.Prepared(id, transaction.updates(true))));
        effects.add(new ResourceEffect.Voted(id, Ballot.COMMIT));
        effects.add(new ResourceEffect.InDoubt(id));
    }

    /** Aborts a transaction that received a prepare and a one-phase commit. No other result is correct for both. */
    private void abortBoth(TransactionId id, StagedTransaction transaction, List<ResourceEffect> effects) {
        String reason = "received both a prepare and a one-phase commit";
        end(id, transaction, Outcome.ROLLBACK, effects);
        effects.add(new ResourceEffect.Voted(id, Ballot.abort(reason)));
        effects.add(new ResourceEffect.CommitRefused(id, reason));
        retryWaiting(effects);
    }

    private void abort(TransactionId id, StagedTransaction transaction, String reason, List<ResourceEffect> effects) {
        end(id, transaction, Outcome.ROLLBACK, effects);
        effects.add(
                transaction.onePhase
                        ? new ResourceEffect.CommitRefused(id, reason)
                        : new ResourceEffect.Voted(id, Ballot.abort(reason)));
    }

    private void commit(ResourceEvent.Commit e, List<ResourceEffect> effects) {
        TransactionId id = e.id();
        StagedTransaction transaction = open.get(id);
        if (transaction == null) {
            effects.add(commitUnstaged(e, effects));
            return;
        }
        transaction.writeNumbers.expect(e.writeCount());
        switch (transaction.phase) {
            case STAGED -> {
                transaction.onePhase = true;
                lockKeys(id, transaction, effects);
            }
            case WAITING, LOADING -> {
                if (!transaction.onePhase) {
                    abortBoth(id, transaction, effects);
                } // else the outcome answers both messages
            }
            case PREPARED -> {
                end(id, transaction, Outcome.COMMIT, effects);
                effects.add(new ResourceEffect.Committed(id));
            }
        }
        retryWaiting(effects);
    }

    /** Returns the answer to a commit if nothing is staged. Afterwards, an unknown transaction never commits here. */
    private ResourceEffect commitUnstaged(ResourceEvent.Commit e, List<ResourceEffect> effects) {
        TransactionId id = e.id();
        Outcome outcome = outcomes.get(id);
        if (outcome == null) {
            if (outcomes.mayHaveBeenEvicted(id)) {
                return new ResourceEffect.Unknown(id);
            }
            remember(id, Outcome.ROLLBACK, Map.of(), effects);
            return e.writeCount() == null
                    ? new ResourceEffect.Unknown(id)
                    : new ResourceEffect.CommitRefused(id, NOTHING_STAGED);
        }
        return outcome == Outcome.COMMIT
                ? new ResourceEffect.Committed(id)
                : new ResourceEffect.CommitRefused(id, ENDED);
    }

    private void rollback(TransactionId id, List<ResourceEffect> effects) {
        StagedTransaction transaction = open.get(id);
        if (transaction != null) {
            end(id, transaction, Outcome.ROLLBACK, effects);
            if (transaction.phase == Phase.WAITING || transaction.phase == Phase.LOADING) {
                effects.add(
                        transaction.onePhase
                                ? new ResourceEffect.CommitRefused(id, ENDED)
                                : new ResourceEffect.Voted(id, Ballot.abort("rolled back before the vote")));
            }
        } else if (outcomes.get(id) == Outcome.COMMIT) {
            effects.add(new ResourceEffect.RollbackRefused(id));
            return;
        } else if (outcomes.mayHaveBeenEvicted(id)) {
            effects.add(new ResourceEffect.Unknown(id)); // it may have committed
            return;
        } else if (!outcomes.containsKey(id)) {
            remember(id, Outcome.ROLLBACK, Map.of(), effects);
        }
        effects.add(new ResourceEffect.RolledBack(id));
        retryWaiting(effects);
    }

    private void lockWaitExpired(TransactionId id, List<ResourceEffect> effects) {
        StagedTransaction transaction = open.get(id);
        if (transaction != null && transaction.phase == Phase.WAITING) {
            abort(id, transaction, "timed out waiting for a key locked by another transaction", effects);
            retryWaiting(effects);
        }
    }

    private void stagedExpired(TransactionId id, List<ResourceEffect> effects) {
        StagedTransaction transaction = open.get(id);
        // After the vote, only the coordinator may end the transaction.
        if (transaction != null && transaction.phase == Phase.STAGED) {
            end(id, transaction, Outcome.ROLLBACK, effects);
            effects.add(new ResourceEffect.RolledBack(id));
        }
    }

    /**
     * Evicts the oldest outcomes until {@code number} outcomes have been evicted since this object was created. Returns
     * the effects.
     */
    public List<ResourceEffect> evictOutcomes(long number) {
        List<ResourceEffect> effects = new ArrayList<>();
        outcomes.evictFirst(number).forEach(evicted -> effects.add(new ResourceEffect.Persist(evicted)));
        return effects;
    }

    private void retryWaiting(List<ResourceEffect> effects) {
        waiting.oldestFirst().forEach((id, transaction) -> {
            if (waiting.contains(id)) {
                lockKeys(id, transaction, effects);
            }
        });
    }

    private void end(TransactionId id, StagedTransaction transaction, Outcome outcome, List<ResourceEffect> effects) {
        open.remove(id);
        waiting.remove(id);
        if (transaction.holdsKeys()) {
            locks.release(transaction.keys.keySet());
        }
        if (transaction.phase == Phase.PREPARED) {
            reservedChars -= Math.max(transaction.growthChars, 0);
        }
        stagedChars -= transaction.chars;
        boolean commits = outcome == Outcome.COMMIT;
        if (commits) {
            storedChars += transaction.growthChars;
        }
        remember(id, outcome, commits ? transaction.updates(false) : Map.of(), effects);
    }

    private void remember(
            TransactionId id, Outcome outcome, Map<String, Update> updates, List<ResourceEffect> effects) {
        effects.add(new ResourceEffect.Persist(new Change.Ended(id, outcome, updates)));
        outcomes.remember(id, outcome).forEach(evicted -> effects.add(new ResourceEffect.Persist(evicted)));
    }

    private boolean isEnded(TransactionId id) {
        return outcomes.containsKey(id) || outcomes.mayHaveBeenEvicted(id);
    }

    // Reads

    /** Whether the transaction waits for a key that another transaction holds. */
    public boolean isWaiting(TransactionId id) {
        return waiting.contains(id);
    }

    /**
     * Returns at most {@code limit} transactions that have not ended, oldest first. The value is true if the
     * transaction is in doubt.
     */
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

    /** Returns {@code PENDING} if the transaction has not ended here, null if it is unknown. */
    public @Nullable Outcome outcome(TransactionId id) {
        return open.containsKey(id) ? Outcome.PENDING : outcomes.get(id);
    }

    /** Returns the newest transaction whose outcome was evicted; null if there is none. */
    public @Nullable TransactionId newestEvicted() {
        return outcomes.newestEvicted();
    }

    public int openTransactionCount() {
        return open.size();
    }

    public int lockedKeyCount() {
        return locks.count();
    }

    public RememberedOutcomes outcomes() {
        return outcomes;
    }

    public long conflictCount() {
        return conflicts;
    }
}
