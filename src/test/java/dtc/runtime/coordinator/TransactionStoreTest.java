package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.SampleRecords;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionRecord;
import dtc.coordinator.TwoPhaseCommit;
import dtc.protocol.Cause;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.protocol.Vote;
import dtc.runtime.FakeTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TransactionStoreTest {

    private static final Duration RETENTION = Duration.ofHours(1);
    private static final int IN_FLIGHT_MAX = 2;
    private static final int RETAINED_MAX = 3;

    private final FakeTime time = new FakeTime();
    private final List<TransactionId> forgotten = new ArrayList<>();
    private final Map<TransactionId, TransactionEntry> entries = new HashMap<>();
    private final FakeLog log = new FakeLog();
    private final RecordLog recordLog = RecordLog.of(log, time);
    private final TransactionStore store =
            new TransactionStore(time, new TransactionLimits(IN_FLIGHT_MAX, RETENTION, RETAINED_MAX));

    @BeforeEach
    void observeTheLog() {
        log.beforeForget = this::whenForgotten;
    }

    // In flight

    @Test
    void the_number_of_transactions_in_flight_is_limited() {
        begin(1, Origin.ANONYMOUS);
        begin(2, Origin.ANONYMOUS);
        assertNotNull(store.inFlight().reserve(null));
        assertNotNull(store.inFlight().reserve(null), "a refused reservation takes no room");
        end(committed(1));
        assertNull(store.inFlight().reserve(null));
        assertNotNull(store.inFlight().reserve(null));
    }

    @Test
    void the_store_is_idle_once_all_transactions_have_ended() {
        assertTrue(store.isIdle());
        begin(1, Origin.ANONYMOUS);
        begin(2, Origin.ANONYMOUS);
        end(committed(2));
        assertFalse(store.isIdle());
        end(committed(1));
        assertTrue(store.isIdle());
    }

    // Recovery

    @Test
    void recovered_transactions_may_exceed_the_limit_and_count_until_they_end() {
        for (int i = 1; i <= IN_FLIGHT_MAX + 1; i++) {
            recover(SampleRecords.committing(i), Duration.ZERO);
        }
        end(committed(1));
        assertNotNull(store.inFlight().reserve(null));
        end(committed(2));
        assertNull(store.inFlight().reserve(null));
    }

    @Test
    void a_recovered_transaction_that_ended_is_kept_for_the_rest_of_its_retention() {
        recover(SampleRecords.committed(1), RETENTION.minusMinutes(1));
        recover(SampleRecords.committed(2), Duration.ZERO);
        assertTrue(store.isIdle());
        time.advance(Duration.ofMinutes(2));
        assertEquals(List.of(id(1)), forgotten);
    }

    @Test
    void a_recovered_heuristic_outcome_is_unresolved_unless_it_was_resolved() {
        recover(SampleRecords.resolved(1), Duration.ZERO);
        recover(heuristicRecord(2), Duration.ZERO);
        assertEquals(List.of(id(2)), ids(store.unresolved(10)));
        time.advance(RETENTION.multipliedBy(2));
        assertEquals(List.of(id(1)), forgotten);
    }

    @Test
    void a_recovered_transaction_binds_its_idempotency_key_until_it_is_forgotten() {
        Origin origin = heuristic(1).origin();
        recover(SampleRecords.resolved(1), Duration.ZERO);
        assertTrue(isBound(origin));
        time.advance(RETENTION.plusSeconds(1));
        assertFalse(isBound(origin));
    }

    // Finished

    @Test
    void those_that_ended_first_are_forgotten_if_there_are_too_many() {
        for (int i : List.of(4, 1, 2, 3)) {
            begin(i, Origin.ANONYMOUS);
            end(committed(i));
        }
        assertEquals(List.of(id(4)), forgotten);
        assertNull(store.find(id(4)));
        assertNotNull(store.find(id(1)));
    }

    @Test
    void a_transaction_is_forgotten_after_its_retention_unless_it_is_in_flight() {
        begin(1, Origin.ANONYMOUS);
        begin(2, Origin.ANONYMOUS);
        end(committed(1));
        time.advance(RETENTION.minusSeconds(1));
        assertEquals(List.of(), forgotten);
        time.advance(Duration.ofSeconds(2));
        assertEquals(List.of(id(1)), forgotten);
        time.advance(RETENTION.multipliedBy(2));
        assertNotNull(store.find(id(2)));
        assertEquals(0, time.timers());
    }

    @Test
    void a_forgotten_transaction_releases_its_idempotency_key_and_is_not_unresolved() {
        for (int i = 1; i <= RETAINED_MAX; i++) {
            recover(heuristicRecord(i), Duration.ZERO);
        }
        assertEquals(List.of(id(1), id(2), id(3)), ids(store.unresolved(10)));
        recover(heuristicRecord(4), Duration.ZERO);
        assertEquals(List.of(id(1)), forgotten, "heuristic outcomes are limited by number");
        assertEquals(List.of(id(2), id(3), id(4)), ids(store.unresolved(10)));
        assertFalse(isBound(heuristic(1).origin()));
    }

    // Heuristic outcomes

    @Test
    void an_unresolved_heuristic_outcome_does_not_expire() {
        begin(1, Origin.ANONYMOUS);
        end(heuristic(1));
        time.advance(RETENTION.multipliedBy(1000));
        assertEquals(List.of(), forgotten);
        assertEquals(List.of(id(1)), ids(store.unresolved(10)));
    }

    @Test
    void finished_transactions_do_not_displace_heuristic_outcomes() {
        begin(9, Origin.ANONYMOUS);
        end(heuristic(9));
        for (int i = 1; i <= RETAINED_MAX + 1; i++) {
            begin(i, Origin.ANONYMOUS);
            end(committed(i));
        }
        assertEquals(List.of(id(1)), forgotten);
    }

    @Test
    void a_resolved_heuristic_outcome_is_kept_for_the_retention_time_from_then_on() {
        begin(1, Origin.ANONYMOUS);
        end(heuristic(1));
        time.advance(RETENTION.multipliedBy(2));
        update(Transaction.recover(SampleRecords.resolved(1)));
        store.resolved(id(1));
        assertEquals(List.of(), store.unresolved(10));
        time.advance(RETENTION.minusSeconds(1));
        assertEquals(List.of(), forgotten);
        time.advance(Duration.ofSeconds(2));
        assertEquals(List.of(id(1)), forgotten);
    }

    /** Another participant may contradict after the resolution, so that a second one follows. */
    @Test
    void a_second_resolution_does_not_start_another_retention() {
        begin(1, Origin.ANONYMOUS);
        end(heuristic(1));
        update(Transaction.recover(SampleRecords.resolved(1)));
        store.resolved(id(1));
        store.resolved(id(1));
        begin(2, Origin.ANONYMOUS);
        end(committed(2));
        begin(3, Origin.ANONYMOUS);
        end(committed(3));
        assertEquals(List.of(), forgotten);
    }

    @Test
    void a_transaction_that_became_heuristic_during_its_retention_is_kept_longer() {
        begin(1, Origin.ANONYMOUS);
        end(rolledBack(1));
        update(heuristic(1));
        time.advance(RETENTION.plusSeconds(1));
        assertEquals(List.of(), forgotten);
        update(Transaction.recover(SampleRecords.resolved(1)));
        store.resolved(id(1));
        time.advance(RETENTION.plusSeconds(1));
        assertEquals(List.of(id(1)), forgotten);
    }

    @Test
    void unresolved_outcomes_are_listed_oldest_first_up_to_a_limit() {
        for (int i : List.of(2, 3, 1)) {
            recover(heuristicRecord(i), Duration.ZERO);
        }
        assertEquals(List.of(id(1), id(2)), ids(store.unresolved(2)));
    }

    // Search

    @Test
    void a_search_goes_from_the_newest_to_the_oldest_and_says_where_to_continue() {
        for (int i : List.of(2, 3, 1)) {
            recover(SampleRecords.committed(i), Duration.ZERO);
        }
        SearchResult first = store.search(_ -> true, null, 2, 100);
        assertEquals(List.of(id(3), id(2)), ids(first.items()));
        assertEquals(id(2), first.next());
        SearchResult last = store.search(_ -> true, first.next(), 2, 100);
        assertEquals(List.of(id(1)), ids(last.items()));
        assertNull(last.next());
    }

    @Test
    void a_search_examines_a_limited_number() {
        for (int i = 1; i <= 3; i++) {
            recover(SampleRecords.committed(i), Duration.ZERO);
        }
        SearchResult none = store.search(t -> t.id().equals(id(1)), null, 5, 2);
        assertEquals(List.of(), none.items());
        assertEquals(id(2), none.next());
        SearchResult found = store.search(t -> t.id().equals(id(1)), none.next(), 5, 2);
        assertEquals(List.of(id(1)), ids(found.items()));
        assertNull(found.next());
    }

    @Test
    void a_list_is_filtered_by_principal_and_by_the_state_that_clients_see() {
        begin(1, new Origin("alice", null));
        begin(2, new Origin("bob", null));
        recover(SampleRecords.committed(3), Duration.ZERO);
        assertEquals(List.of(id(3), id(2), id(1)), ids(store.list(_ -> true, null, null, 10)));
        assertEquals(List.of(id(1)), ids(store.list("alice"::equals, null, null, 10)));
        assertEquals(List.of(id(2), id(1)), ids(store.list(_ -> true, State.ACTIVE, null, 10)));
        assertEquals(List.of(id(1)), ids(store.list(_ -> true, State.ACTIVE, id(2), 10)));
        assertEquals(List.of(id(2)), ids(store.list(_ -> true, State.ACTIVE, null, 1)));
    }

    @Test
    void the_oldest_time_in_doubt_is_that_of_the_oldest_undelivered_commit() {
        assertEquals(Duration.ZERO, store.oldestInDoubt(time.nanos()));
        begin(1, Origin.ANONYMOUS);
        recover(SampleRecords.committed(2), Duration.ZERO);
        for (int i = 3; i <= 4; i++) {
            recover(SampleRecords.committing(i), Duration.ZERO).setDecidedNanos(time.nanos());
            time.advance(Duration.ofSeconds(5));
        }
        assertEquals(Duration.ofSeconds(10), store.oldestInDoubt(time.nanos()));
    }

    // Transactions

    private void begin(int number, Origin origin) {
        assertNull(store.inFlight().reserve(null));
        store.add(entry(Transaction.begin(id(number), origin, time.now(), time.now())));
    }

    private TransactionEntry recover(TransactionRecord record, Duration finishedAgo) {
        TransactionEntry entry = entry(Transaction.recover(record));
        store.addRecovered(entry, finishedAgo);
        return entry;
    }

    private TransactionEntry entry(Transaction t) {
        TransactionEntry entry = new TransactionEntry(t, recordLog, time.nanos());
        entries.put(t.id(), entry);
        return entry;
    }

    private void end(Transaction ended) {
        update(ended);
        store.ended(ended);
    }

    /** Changes a transaction as the driver does. */
    private void update(Transaction after) {
        TransactionEntry entry = store.find(after.id());
        assertNotNull(entry);
        synchronized (entry) {
            entry.update(after, time.nanos());
            store.update(after);
        }
    }

    private void whenForgotten(TransactionId id) {
        TransactionEntry entry = entries.get(id);
        assertNotNull(entry);
        assertTrue(Thread.holdsLock(entry));
        assertTrue(entry.isForgotten());
        forgotten.add(id);
    }

    private boolean isBound(Origin origin) {
        Origin.Request request = origin.request();
        assertNotNull(request);
        var binding = new IdempotencyKeys.Binding(request.fingerprint(), new CompletableFuture<>());
        boolean bound = store.keys().bindIfAbsent(origin.principal(), request, binding) != null;
        store.keys().release(origin.principal(), request, binding);
        return bound;
    }

    private static Transaction committed(int number) {
        return Transaction.recover(SampleRecords.committed(number));
    }

    private Transaction rolledBack(int number) {
        Transaction begun = Transaction.begin(id(number), Origin.ANONYMOUS, time.now(), time.now());
        return new TwoPhaseCommit(10, 100)
                .apply(begun, new CoordinatorEvent.RollbackRequested(), time.now())
                .transaction();
    }

    private static Transaction heuristic(int number) {
        return Transaction.recover(heuristicRecord(number));
    }

    private static TransactionRecord heuristicRecord(int number) {
        return SampleRecords.full(number, State.HEURISTIC, Outcome.COMMIT, Cause.LOST, State.HEURISTIC, Vote.COMMIT);
    }

    private static TransactionId id(int number) {
        return SampleRecords.id(number);
    }

    private static List<TransactionId> ids(List<Transaction> transactions) {
        return transactions.stream().map(Transaction::id).toList();
    }
}
