package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.CoordinatorEvent.PrepareRequested;
import dtc.coordinator.CoordinatorEvent.RollbackRequested;
import dtc.coordinator.CoordinatorEvent.WriteRequested;
import dtc.coordinator.CoordinatorEvent.WriteStaged;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.log.AppendResult;
import dtc.log.LogRecord;
import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.Reply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TransactionDriverTest {

    private final DriverFixture fixture = new DriverFixture();
    private final FakeParticipants participants = fixture.participants;
    private final TransactionEntry entry = fixture.begin();

    @BeforeEach
    void enlist() {
        for (String resourceManager : List.of("orders", "payments")) {
            fixture.register(resourceManager);
            fixture.apply(entry, new WriteRequested(resourceManager, DriverFixture.INSTANCE, false, false));
            fixture.apply(entry, new WriteStaged(resourceManager));
        }
        fixture.applied.clear();
    }

    // The decision

    @Test
    void a_commit_is_sent_after_its_record_is_stored() {
        CompletableFuture<AppendResult> stored = new CompletableFuture<>();
        fixture.log.append = () -> stored;
        assertEquals(TransactionState.DECIDING, fixture.apply(entry, new PrepareRequested()));
        assertEquals(List.of("Prepare orders", "Prepare payments"), takeSent());
        stored.complete(new AppendResult.Stored());
        assertEquals(List.of("Commit orders", "Commit payments"), takeSent());
        assertEquals(TransactionState.COMMITTED, entry.transaction().state());
    }

    static List<Supplier<CompletionStage<AppendResult>>> resultsThatProveNothing() {
        return List.of(
                () -> CompletableFuture.completedFuture(new AppendResult.Fenced()),
                () -> CompletableFuture.completedFuture(new AppendResult.Unknown()),
                () -> CompletableFuture.failedFuture(new IllegalStateException("a bug in the log")),
                () -> {
                    throw new IllegalStateException("a bug in the log");
                },
                CompletableFuture::new);
    }

    /** The record may be stored, so neither outcome may be sent: a new coordinator reads it from the log. */
    @ParameterizedTest
    @MethodSource("resultsThatProveNothing")
    void a_decision_whose_record_may_be_stored_stays_undecided(Supplier<CompletionStage<AppendResult>> append) {
        fixture.log.append = append;
        fixture.apply(entry, new PrepareRequested());
        takeSent();
        fixture.time.advance(DriverFixture.VOTE_TIMEOUT.multipliedBy(2));
        fixture.apply(entry, new RollbackRequested());
        fixture.apply(entry, new CoordinatorEvent.ShutdownStarted());
        assertEquals(TransactionState.DECIDING, entry.transaction().state());
        assertEquals(List.of(), takeSent());
        assertEquals(List.of(), fixture.log.records());
    }

    @Test
    void a_decision_that_the_log_refuses_is_rolled_back() {
        fixture.log.appendsReturn(new AppendResult.Refused("the disk is full"));
        assertEquals(TransactionState.ROLLED_BACK, fixture.apply(entry, new PrepareRequested()));
        assertEquals(List.of("Prepare orders", "Prepare payments", "Rollback orders", "Rollback payments"), takeSent());
        assertEquals(
                "the decision log refused: the disk is full",
                entry.transaction().reason());
    }

    // Votes

    @Test
    void a_vote_of_another_instance_counts_as_abort() {
        participants.holding = true;
        fixture.apply(entry, new PrepareRequested());
        fixture.registry.register("orders", "http://orders:1", new UUID(2, 2), Set.of());
        participants.answer("Prepare orders", new Reply.Voted(Ballot.COMMIT));
        assertEquals(TransactionState.ROLLING_BACK, entry.transaction().state());
        assertEquals(Cause.INSTANCE_CHANGED, entry.transaction().cause());
    }

    @Test
    void a_vote_of_a_deregistered_resource_manager_counts() {
        participants.holding = true;
        fixture.apply(entry, new PrepareRequested());
        fixture.registry.deregister("orders", null);
        participants.answer("Prepare orders", new Reply.Voted(Ballot.COMMIT));
        participants.answer("Prepare payments", new Reply.Voted(Ballot.COMMIT));
        assertEquals(TransactionState.COMMITTING, entry.transaction().state());
    }

    // Timers

    @Test
    void the_vote_timer_replaces_the_expiry_timer_and_rolls_back() {
        List<String> fired = new ArrayList<>();
        entry.setTimer(fixture.time.after(Duration.ofMinutes(1), () -> fired.add("expired")));
        participants.holding = true;
        fixture.apply(entry, new PrepareRequested());
        fixture.time.advance(DriverFixture.VOTE_TIMEOUT.minusMillis(1));
        assertEquals(TransactionState.PREPARING, entry.transaction().state());
        fixture.time.advance(Duration.ofMillis(1));
        assertEquals(Cause.VOTE_TIMEOUT, entry.transaction().cause());
        fixture.time.advance(Duration.ofMinutes(1));
        assertEquals(List.of(), fired);
    }

    @Test
    void a_transaction_that_can_only_roll_back_still_expires() {
        List<String> fired = new ArrayList<>();
        entry.setTimer(fixture.time.after(Duration.ofMinutes(1), () -> fired.add("expired")));
        fixture.apply(entry, new CoordinatorEvent.WriteNotSent("orders", "test"));
        fixture.time.advance(Duration.ofMinutes(1));
        assertEquals(List.of("expired"), fired);
    }

    @Test
    void a_decided_transaction_has_no_timer() {
        entry.setTimer(fixture.time.after(Duration.ofMinutes(1), () -> {}));
        participants.holding = true;
        fixture.apply(entry, new RollbackRequested());
        assertEquals(0, fixture.time.timers());
    }

    // The end

    @Test
    void the_end_is_recorded_and_reported_and_starts_the_retention() {
        List<TransactionState> reported = new ArrayList<>();
        fixture.whenEnded = () -> {
            assertTrue(fixture.store.isIdle());
            reported.add(entry.transaction().state());
        };
        participants.holding = true;
        fixture.apply(entry, new RollbackRequested());
        participants.answer("Rollback orders", new Reply.Acknowledged());
        assertEquals(List.of(), reported);
        assertEquals(List.of(), fixture.log.records(), "the decision itself is not recorded");
        participants.answer("Rollback payments", new Reply.Acknowledged());
        assertEquals(List.of(TransactionState.ROLLED_BACK), reported);
        assertEquals(
                List.of(LogRecord.Kind.ENDED),
                fixture.log.records().stream().map(LogRecord::kind).toList());
        fixture.time.advance(DriverFixture.RETENTION.plusSeconds(1));
        assertNull(fixture.store.find(entry.id()));
        assertEquals(List.of(), fixture.log.records());
    }

    @Test
    void a_rollback_that_becomes_heuristic_is_recorded_again_and_ends_only_once() {
        rollBackWithRetryInFlight();
        fixture.begin();
        participants.answer("Rollback orders", new Reply.Conflict("it has committed"));
        assertEquals(TransactionState.HEURISTIC, entry.transaction().state());
        assertEquals(List.of(entry.transaction()), fixture.store.unresolved(10));
        assertEquals(
                TransactionState.HEURISTIC,
                Transaction.recover(LogRecords.decode(fixture.log.records().getFirst()))
                        .state());
        assertFalse(fixture.store.isIdle(), "another transaction is in flight");
    }

    /** Nothing would remove the record again. */
    @Test
    void a_reply_after_the_transaction_was_forgotten_is_not_recorded() {
        rollBackWithRetryInFlight();
        fixture.time.advance(DriverFixture.RETENTION.plusSeconds(1));
        assertEquals(List.of(), fixture.log.records());
        participants.answer("Rollback orders", new Reply.Conflict("it has committed"));
        assertEquals(TransactionState.HEURISTIC, entry.transaction().state());
        assertEquals(List.of(), fixture.log.records());
        assertEquals(List.of(), fixture.store.unresolved(10));
    }

    private void rollBackWithRetryInFlight() {
        participants.replies.put("Rollback orders", new Reply.NoAnswer("test"));
        assertEquals(TransactionState.ROLLED_BACK, fixture.apply(entry, new RollbackRequested()));
        participants.holding = true;
        fixture.time.advance(Duration.ofSeconds(1));
        assertTrue(participants.sent.contains("Rollback orders alone"));
    }

    // Listeners and locks

    @Test
    void listeners_are_called_for_each_event_in_order_with_the_elapsed_times() {
        fixture.time.advance(Duration.ofSeconds(3));
        fixture.log.append = CompletableFuture::new;
        participants.holding = true;
        fixture.apply(entry, new PrepareRequested());
        fixture.time.advance(Duration.ofSeconds(1));
        participants.answer("Prepare orders", new Reply.Voted(Ballot.COMMIT));
        participants.answer("Prepare payments", new Reply.Voted(Ballot.COMMIT));

        assertEquals(
                List.of("PrepareRequested", "VoteArrived", "VoteArrived"),
                fixture.applied.stream().map(TransactionDriverTest::event).toList());
        for (int i = 1; i < fixture.applied.size(); i++) {
            assertEquals(
                    fixture.applied.get(i - 1).after(), fixture.applied.get(i).before());
        }
        AppliedEvent last = fixture.applied.getLast();
        assertEquals(entry.transaction(), last.after());
        assertEquals(Duration.ofSeconds(4), last.sinceBegin());
        assertEquals(Duration.ofSeconds(1), last.sincePrepare());
    }

    /**
     * Under the lock, events and records keep their order. Everything that may call the coordinator is called without
     * the lock.
     */
    @Test
    void only_listeners_and_the_log_are_called_under_the_lock() {
        Set<String> calls = new TreeSet<>();
        fixture.listener = new TransactionListener() {
            @Override
            public void applied(AppliedEvent applied) {
                calls.add("listener " + Thread.holdsLock(entry));
            }
        };
        fixture.log.beforeLazily = () -> calls.add("lazy record " + Thread.holdsLock(entry));
        fixture.log.append = () -> {
            calls.add("forced record " + Thread.holdsLock(entry));
            return CompletableFuture.completedFuture(new AppendResult.Stored());
        };
        participants.whenSent = () -> calls.add("message " + Thread.holdsLock(entry));
        fixture.whenEnded = () -> calls.add("end " + Thread.holdsLock(entry));
        var _ = fixture.waiters
                .await(entry, WaitCondition.ENDED)
                .thenRun(() -> calls.add("answer " + Thread.holdsLock(entry)));
        fixture.apply(entry, new PrepareRequested());

        assertEquals(
                Set.of(
                        "listener true",
                        "lazy record true",
                        "forced record true",
                        "message false",
                        "answer false",
                        "end false"),
                calls);
    }

    private static String event(AppliedEvent applied) {
        return String.valueOf(applied.event()).replaceAll("\\[.*", "");
    }

    private List<String> takeSent() {
        List<String> sent = List.copyOf(participants.sent);
        participants.sent.clear();
        return sent;
    }
}
