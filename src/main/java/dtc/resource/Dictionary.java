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
 * A resource manager in memory: a dictionary whose writes are staged per transaction, voted on, and applied or
 * discarded once. Deterministic; the caller sees to it that one event is applied at a time.
 *
 * <p><b>Locks.</b> A transaction takes all its keys at once, at its vote, and holds them until its outcome. Since every
 * resource manager does, all keys of a committed transaction are held everywhere at the moment of its decision, and the
 * decisions give the one serial order.
 *
 * <p><b>Wait-die</b> (Rosenkrantz, Stearns, Lewis 1978). Only an older transaction waits for a younger one, so there is
 * no circle of waiting across resource managers. A younger one also gives way to an older one that waits.
 *
 * <p><b>Remembered outcomes</b> refuse late messages. Their number is bounded: what ended first is forgotten first, and
 * an unknown id that is not newer than the newest forgotten one is refused as ended. So a late write never begins a
 * transaction anew, however late; the price is that a transaction older than {@link Limits#endedMax} later ones may be
 * unable to enlist here for the first time. Ids that are not ordered by time are not the coordinator's, and say nothing
 * of the age of others.
 */
public final class Dictionary {

    private enum Phase {
        STAGED,
        /** Waits for keys before its vote. */
        WAITING,
        /** Waits for keys before it commits in one phase. */
        WAITING_ONE_PHASE,
        /** Voted for commit, in doubt. */
        PREPARED
    }

    private record StagedWrite(int sequence, JsonText value) {}

    private static final class Staged {
        private final Map<String, StagedWrite> writes = new LinkedHashMap<>();
        private Phase phase = Phase.STAGED;
        private int lastSequence;
        /** By how much the committed entries may grow; reserved while PREPARED. */
        private long growth;
    }

    private static final String ENDED = "this transaction has ended here";

    private final Limits limits;
    private final NavigableMap<String, JsonText> entries = new TreeMap<>();
    private final NavigableMap<TransactionId, Staged> staged = new TreeMap<>();
    /** Those of {@code staged} that wait for keys, in the order of age: the oldest is served first. */
    private final TreeMap<TransactionId, Staged> waiting = new TreeMap<>();
    /** Who holds which key. Invariant: exactly the keys of the PREPARED transactions. */
    private final Map<String, TransactionId> locks = new HashMap<>();
    /** True where committed; in the order of ending. */
    private final LinkedHashMap<TransactionId, Boolean> ended = new LinkedHashMap<>();

    private @Nullable TransactionId newestForgotten;
    private long stagedChars;
    private long storedChars;
    private long reservedChars;
    private long conflicts;

    public Dictionary(Limits limits) {
        this.limits = limits;
    }

    public List<Effect> apply(Event event) {
        List<Effect> effects = new ArrayList<>(2);
        switch (event) {
            case Event.Write e -> write(e, effects);
            case Event.Prepare e -> prepare(e, effects);
            case Event.Commit e -> commit(e.id(), effects);
            case Event.Rollback e -> rollback(e.id(), effects);
            case Event.WaitOver e -> waitOver(e.id(), effects);
            case Event.Abandoned e -> abandoned(e.id(), effects);
        }
        return effects;
    }

    private void write(Event.Write e, List<Effect> effects) {
        Staged transaction = staged.get(e.id());
        if (transaction == null && isEnded(e.id())) {
            effects.add(new Effect.Refused(e.id(), ENDED));
            return;
        }
        if (transaction != null && transaction.phase != Phase.STAGED) {
            effects.add(new Effect.Refused(e.id(), "this transaction has voted here"));
            return;
        }
        int sequence = e.sequence() > 0 ? e.sequence() : transaction == null ? 1 : transaction.lastSequence + 1;
        StagedWrite before = transaction == null ? null : transaction.writes.get(e.key());
        if (before != null && before.sequence >= sequence) {
            effects.add(new Effect.Staged(e.id(), false));
            return;
        }
        long more = chars(e.key(), e.value()) - (before == null ? 0 : chars(e.key(), before.value));
        if (transaction == null && staged.size() >= limits.stagedTransactionsMax()) {
            effects.add(new Effect.NoRoom(e.id(), "too many transactions have staged writes here"));
            return;
        }
        if (stagedChars + more > limits.stagedCharsMax()) {
            effects.add(new Effect.NoRoom(e.id(), "no room for more staged writes"));
            return;
        }
        boolean first = transaction == null;
        Staged target = transaction == null ? new Staged() : transaction;
        staged.put(e.id(), target);
        target.writes.put(e.key(), new StagedWrite(sequence, e.value()));
        target.lastSequence = Math.max(target.lastSequence, sequence);
        stagedChars += more;
        effects.add(new Effect.Staged(e.id(), first));
    }

    private void prepare(Event.Prepare e, List<Effect> effects) {
        TransactionId id = e.id();
        String noRoom = stage(e, effects);
        Staged transaction = staged.get(id);
        if (noRoom != null) {
            if (transaction == null) {
                remember(id, false);
                effects.add(new Effect.Voted(id, Ballot.abort(noRoom)));
            } else {
                refuse(id, transaction, Phase.WAITING, noRoom, effects);
            }
            return;
        }
        if (transaction == null) {
            if (ended.getOrDefault(id, false)) {
                effects.add(new Effect.Voted(id, Ballot.COMMIT)); // asked again, the same vote
                return;
            }
            // Remembered, so that a write that comes after its own prepare is not staged for ever.
            remember(id, false);
            effects.add(new Effect.Voted(id, Ballot.abort("nothing is staged for this transaction here")));
            return;
        }
        switch (transaction.phase) {
            case STAGED -> seekVote(id, transaction, Phase.WAITING, effects);
            case WAITING -> {} // answered with the one before it
            case WAITING_ONE_PHASE -> endConfused(id, transaction, effects);
            case PREPARED -> effects.add(new Effect.Voted(id, Ballot.COMMIT));
        }
    }

    /**
     * Stages what came along with the request for a vote; says why where there is no room. A write that is refused is
     * of a request that was doubled or is late, and the vote tells that.
     */
    private @Nullable String stage(Event.Prepare e, List<Effect> effects) {
        for (Event.Write write : e.writes()) {
            write(write, effects);
            if (effects.getLast() instanceof Effect.NoRoom(var _, String reason)) {
                return reason;
            }
        }
        return null;
    }

    /** Votes, or waits where wait-die lets it. {@code purpose} says what for. */
    private void seekVote(TransactionId id, Staged transaction, Phase purpose, List<Effect> effects) {
        boolean mustWait = false;
        for (String key : transaction.writes.keySet()) {
            TransactionId holder = locks.get(key);
            if (holder != null) {
                mustWait = true;
                if (holder.isOlderThan(id)) {
                    conflicts++;
                    refuse(id, transaction, purpose, "a key is held by the older transaction " + holder, effects);
                    return;
                }
            }
        }
        TransactionId elder = elderWaitingFor(id, transaction);
        if (elder != null) {
            conflicts++;
            refuse(id, transaction, purpose, "the older transaction " + elder + " waits for a key", effects);
            return;
        }
        if (mustWait) {
            if (transaction.phase == Phase.STAGED) {
                conflicts++;
                transaction.phase = purpose;
                waiting.put(id, transaction);
                effects.add(new Effect.Waiting(id));
            }
            return;
        }
        long growth = growth(transaction);
        if (storedChars + reservedChars + Math.max(growth, 0) > limits.storedCharsMax()) {
            refuse(id, transaction, purpose, "no room for more entries", effects);
            return;
        }
        if (purpose == Phase.WAITING_ONE_PHASE) {
            end(id, transaction, true);
            effects.add(new Effect.Committed(id));
            return;
        }
        transaction.phase = Phase.PREPARED;
        waiting.remove(id);
        transaction.growth = Math.max(growth, 0);
        reservedChars += transaction.growth;
        transaction.writes.keySet().forEach(key -> locks.put(key, id));
        effects.add(new Effect.Voted(id, Ballot.COMMIT));
        effects.add(new Effect.InDoubt(id));
    }

    /** Asked for a vote and to commit without one: no is the one answer that stays true for both. */
    private void endConfused(TransactionId id, Staged transaction, List<Effect> effects) {
        String reason = "asked for a vote, and to commit without one";
        end(id, transaction, false);
        effects.add(new Effect.Voted(id, Ballot.abort(reason)));
        effects.add(new Effect.CommitRefused(id, reason));
    }

    private @Nullable TransactionId elderWaitingFor(TransactionId id, Staged transaction) {
        for (var elder : waiting.headMap(id).entrySet()) {
            if (!Collections.disjoint(elder.getValue().writes.keySet(), transaction.writes.keySet())) {
                return elder.getKey();
            }
        }
        return null;
    }

    private void refuse(TransactionId id, Staged transaction, Phase purpose, String reason, List<Effect> effects) {
        end(id, transaction, false);
        effects.add(
                purpose == Phase.WAITING_ONE_PHASE
                        ? new Effect.CommitRefused(id, reason)
                        : new Effect.Voted(id, Ballot.abort(reason)));
    }

    private void commit(TransactionId id, List<Effect> effects) {
        Staged transaction = staged.get(id);
        if (transaction == null) {
            Boolean committed = ended.get(id);
            effects.add(
                    committed == null
                            ? new Effect.Unknown(id)
                            : committed ? new Effect.Committed(id) : new Effect.CommitRefused(id, ENDED));
            return;
        }
        switch (transaction.phase) {
            case STAGED -> seekVote(id, transaction, Phase.WAITING_ONE_PHASE, effects);
            case WAITING_ONE_PHASE -> {} // answered with the one before it
            case WAITING -> endConfused(id, transaction, effects);
            case PREPARED -> {
                end(id, transaction, true);
                effects.add(new Effect.Committed(id));
            }
        }
        serveWaiting(effects);
    }

    private void rollback(TransactionId id, List<Effect> effects) {
        Staged transaction = staged.get(id);
        if (transaction != null) {
            boolean waited = isWaiting(transaction);
            boolean onePhase = transaction.phase == Phase.WAITING_ONE_PHASE;
            end(id, transaction, false);
            if (waited) {
                effects.add(
                        onePhase
                                ? new Effect.CommitRefused(id, ENDED)
                                : new Effect.Voted(id, Ballot.abort("rolled back while it waited for a key")));
            }
        } else if (ended.getOrDefault(id, false)) {
            effects.add(new Effect.RollbackRefused(id));
            return;
        } else {
            remember(id, false);
        }
        effects.add(new Effect.RolledBack(id));
        serveWaiting(effects);
    }

    private void waitOver(TransactionId id, List<Effect> effects) {
        Staged transaction = staged.get(id);
        if (transaction != null && isWaiting(transaction)) {
            refuse(id, transaction, transaction.phase, "a key was held by another transaction for too long", effects);
            serveWaiting(effects);
        }
    }

    private void abandoned(TransactionId id, List<Effect> effects) {
        Staged transaction = staged.get(id);
        // Once it has voted, only the coordinator may end it.
        if (transaction != null && transaction.phase == Phase.STAGED) {
            end(id, transaction, false);
            effects.add(new Effect.RolledBack(id));
        }
    }

    private void serveWaiting(List<Effect> effects) {
        for (var entry : List.copyOf(waiting.entrySet())) {
            seekVote(entry.getKey(), entry.getValue(), entry.getValue().phase, effects);
        }
    }

    private void end(TransactionId id, Staged transaction, boolean committed) {
        staged.remove(id);
        waiting.remove(id);
        if (transaction.phase == Phase.PREPARED) {
            transaction.writes.keySet().forEach(locks::remove);
            reservedChars -= transaction.growth;
        }
        transaction.writes.forEach((key, write) -> {
            stagedChars -= chars(key, write.value);
            if (committed) {
                JsonText before = entries.put(key, write.value);
                storedChars += chars(key, write.value) - (before == null ? 0 : chars(key, before));
            }
        });
        remember(id, committed);
    }

    private void remember(TransactionId id, boolean committed) {
        ended.put(id, committed);
        if (ended.size() > limits.endedMax()) {
            TransactionId forgotten = ended.pollFirstEntry().getKey();
            if (forgotten.isOrderedByTime() && (newestForgotten == null || newestForgotten.isOlderThan(forgotten))) {
                newestForgotten = forgotten;
            }
        }
    }

    private boolean isEnded(TransactionId id) {
        return ended.containsKey(id)
                || (newestForgotten != null && id.isOrderedByTime() && !newestForgotten.isOlderThan(id));
    }

    private static boolean isWaiting(Staged transaction) {
        return transaction.phase == Phase.WAITING || transaction.phase == Phase.WAITING_ONE_PHASE;
    }

    private long growth(Staged transaction) {
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

    // What may be read between events

    public @Nullable JsonText entry(String key) {
        return entries.get(key);
    }

    /** The committed entries by key, from {@code after} (exclusive; all where null), {@code limit} at most. */
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

    /** What is staged or in doubt here, oldest first; true where in doubt. */
    public SortedMap<TransactionId, Boolean> open(int limit) {
        TreeMap<TransactionId, Boolean> open = new TreeMap<>();
        for (var entry : staged.entrySet()) {
            if (open.size() == limit) {
                break;
            }
            open.put(entry.getKey(), entry.getValue().phase == Phase.PREPARED);
        }
        return open;
    }

    public boolean isInDoubt(TransactionId id) {
        Staged transaction = staged.get(id);
        return transaction != null && transaction.phase == Phase.PREPARED;
    }

    /** How it ended here, {@code PENDING} where it has not; null where nothing is known of it. */
    public @Nullable Outcome outcome(TransactionId id) {
        if (staged.containsKey(id)) {
            return Outcome.PENDING;
        }
        Boolean committed = ended.get(id);
        return committed == null ? null : committed ? Outcome.COMMIT : Outcome.ROLLBACK;
    }

    public int stagedTransactions() {
        return staged.size();
    }

    public int lockedKeys() {
        return locks.size();
    }

    public int rememberedOutcomes() {
        return ended.size();
    }

    public long conflicts() {
        return conflicts;
    }
}
