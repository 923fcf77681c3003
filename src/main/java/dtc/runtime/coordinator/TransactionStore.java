package dtc.runtime.coordinator;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The transactions in memory: those in flight, and finished transactions until their retention ends. */
final class TransactionStore {

    /** Effectively unlimited, without overflow in nanoseconds. */
    private static final Duration FOREVER = Duration.ofDays(100 * 365);

    /** Memory of a finished transaction without its participants and texts, as measured with 2 and 100 participants. */
    private static final long TRANSACTION_BYTES = 1_000;
    /** Memory of a participant without its texts. */
    private static final long PARTICIPANT_BYTES = 450;

    private final NavigableMap<TransactionId, TransactionEntry> entries = new ConcurrentSkipListMap<>();
    private final InFlight inFlight;
    private final Retention finished;
    /** Unresolved heuristic outcomes. Limited by number and memory, not by age. */
    private final Retention heuristics;

    private final NavigableSet<TransactionId> unresolved = new ConcurrentSkipListSet<>();
    /** Transactions with a commit that was given up. They are kept until it is delivered or discarded. */
    private final Set<TransactionId> givenUp = ConcurrentHashMap.newKeySet();

    private final IdempotencyKeys keys = new IdempotencyKeys();

    TransactionStore(Time time, TransactionLimits limits) {
        this.inFlight = new InFlight(time, limits);
        int retainedMax = limits.retainedMax();
        long bytesMax = limits.retainedBytesMax();
        this.finished = new Retention(time, limits.retention(), retainedMax, bytesMax, this::endRetention);
        this.heuristics = new Retention(time, FOREVER, retainedMax, bytesMax, this::forget);
    }

    InFlight inFlight() {
        return inFlight;
    }

    IdempotencyKeys keys() {
        return keys;
    }

    @Nullable
    TransactionEntry find(TransactionId id) {
        return entries.get(id);
    }

    Iterable<TransactionEntry> all() {
        return entries.values();
    }

    // In flight

    /** Adds a transaction for which capacity was reserved. */
    void add(TransactionEntry entry) {
        entries.put(entry.id(), entry);
    }

    boolean isIdle() {
        return inFlight.isIdle();
    }

    // Recovery

    /** Adds a transaction that was read from the log. Recovered transactions may exceed the limit. */
    void addRecovered(TransactionEntry entry, Duration finishedAgo) {
        Transaction t = entry.transaction();
        entries.put(t.id(), entry);
        keys.bind(t.origin(), t.id());
        if (t.state().isFinal()) {
            update(t);
            retain(t, finishedAgo);
        } else {
            update(t);
            inFlight.addRecovered(t.origin().principal());
            inFlight.addParticipants(t.participants().size());
        }
    }

    // Finished

    /**
     * Updates the sets of unresolved outcomes and of commits that were given up. Called under the lock of the
     * transaction to preserve the order of updates.
     */
    void update(Transaction after) {
        if (after.hasGivenUpParticipant()) {
            givenUp.add(after.id());
        } else {
            givenUp.remove(after.id());
        }
        if (after.isUnresolved()) {
            unresolved.add(after.id());
        } else {
            unresolved.remove(after.id());
        }
    }

    /** Starts the retention of a transaction that reached its first final state. */
    void ended(Transaction ended) {
        retain(ended, Duration.ZERO);
        inFlight.release(ended.origin().principal());
        inFlight.addParticipants(-ended.participants().size());
    }

    /** Starts the normal retention of a heuristic outcome that was resolved. */
    void resolved(TransactionId id) {
        TransactionEntry entry = entries.get(id);
        if (entry != null && heuristics.remove(id)) {
            finished.add(id, bytes(entry.transaction()), Duration.ZERO);
        }
    }

    /** Transactions with a commit to {@code resourceManager} that was given up. */
    List<TransactionEntry> givenUp(String resourceManager) {
        return givenUp.stream()
                .map(entries::get)
                .filter(Objects::nonNull)
                .filter(entry -> entry.transaction().isGivenUp(resourceManager))
                .toList();
    }

    int givenUpCount() {
        return givenUp.size();
    }

    int unresolvedCount() {
        return unresolved.size();
    }

    /** Transactions whose participant {@code resourceManager} has not received the outcome, oldest first. */
    List<TransactionEntry> undelivered(String resourceManager) {
        return search(resourceManager, (_, participant) -> !participant.isSettled());
    }

    /**
     * Transactions whose participant {@code resourceManager} was given up or discarded, and whose record is not durable
     * yet, oldest first.
     */
    List<TransactionEntry> unrecorded(String resourceManager) {
        return search(
                resourceManager,
                (entry, participant) -> participant.state() == State.HEURISTIC && entry.hasUnrecordedOutcome());
    }

    private List<TransactionEntry> search(String resourceManager, BiPredicate<TransactionEntry, Participant> wanted) {
        return entries.values().stream()
                .filter(entry -> {
                    Participant participant = entry.transaction().participant(resourceManager);
                    return participant != null && wanted.test(entry, participant);
                })
                .toList();
    }

    /** Starts the retention of a transaction whose last commit that was given up was delivered or discarded. */
    void givenUpEnded(Transaction after) {
        retain(after, Duration.ZERO);
    }

    private void retain(Transaction ended, Duration ago) {
        if (ended.hasGivenUpParticipant()) {
            return;
        }
        (ended.isUnresolved() ? heuristics : finished).add(ended.id(), bytes(ended), ago);
    }

    /** Estimates the memory of a finished transaction, in bytes. */
    private static long bytes(Transaction t) {
        long bytes = TRANSACTION_BYTES + chars(t.reason());
        for (Participant participant : t.participants()) {
            bytes += PARTICIPANT_BYTES + chars(participant.reason());
        }
        return bytes;
    }

    private static int chars(@Nullable String text) {
        return text == null ? 0 : text.length();
    }

    private void endRetention(TransactionId id) {
        TransactionEntry entry = entries.get(id);
        if (entry != null && entry.transaction().isUnresolved()) {
            heuristics.add(id, bytes(entry.transaction()), Duration.ZERO); // it rolled back, then became heuristic
        } else {
            forget(id);
        }
    }

    private void forget(TransactionId id) {
        TransactionEntry entry = entries.remove(id);
        if (entry == null) {
            return;
        }
        keys.release(entry.transaction().origin(), id);
        synchronized (entry) {
            entry.markForgotten();
            unresolved.remove(id);
            entry.log().forget(id);
        }
    }

    // Take-over

    /** The transactions whose records are in a log. */
    List<TransactionEntry> recordedIn(RecordLog log) {
        return entries.values().stream().filter(entry -> entry.log() == log).toList();
    }

    boolean hasAnyRecordedIn(RecordLog log) {
        return entries.values().stream().anyMatch(entry -> entry.log() == log);
    }

    /** Removes a transaction that another process finishes. Its records remain. */
    void abandon(TransactionEntry entry) {
        Transaction t = entry.transaction();
        if (!entries.remove(t.id(), entry)) {
            return;
        }
        keys.release(t.origin(), t.id());
        unresolved.remove(t.id());
        givenUp.remove(t.id());
        if (t.state().isFinal()) {
            finished.remove(t.id());
            heuristics.remove(t.id());
        } else {
            inFlight.release(t.origin().principal());
            inFlight.addParticipants(-t.participants().size());
        }
    }

    // Search

    /**
     * Searches transactions, newest first.
     *
     * @param after where to start, exclusive; null to start with the newest
     * @param examinedMax maximum number of transactions to examine
     */
    SearchResult search(Predicate<Transaction> wanted, @Nullable TransactionId after, int limit, int examinedMax) {
        List<Transaction> items = new ArrayList<>();
        TransactionId last = null;
        int examined = 0;
        var older = after == null ? entries : entries.headMap(after, false);
        for (TransactionEntry entry : older.descendingMap().values()) {
            if (items.size() == limit || examined == examinedMax) {
                return new SearchResult(items, last);
            }
            Transaction t = entry.transaction();
            examined++;
            last = t.id();
            if (wanted.test(t)) {
                items.add(t);
            }
        }
        return new SearchResult(items, null);
    }

    /** Lists transactions, newest first. */
    List<Transaction> list(
            Predicate<@Nullable String> principal, @Nullable State state, @Nullable TransactionId after, int limit) {
        Predicate<Transaction> wanted = t -> principal.test(t.origin().principal())
                && (state == null || t.state().externalState() == state);
        return search(wanted, after, limit, Integer.MAX_VALUE).items();
    }

    /** Unresolved heuristic outcomes, oldest first. */
    List<Transaction> unresolved(int limit) {
        return unresolved.stream()
                .map(entries::get)
                .filter(Objects::nonNull)
                .map(TransactionEntry::transaction)
                .limit(limit)
                .toList();
    }

    Duration oldestInDoubt(long nowNanos) {
        return Duration.ofNanos(entries.values().stream()
                .mapToLong(entry -> entry.nanosInDoubt(nowNanos))
                .max()
                .orElse(0));
    }
}
