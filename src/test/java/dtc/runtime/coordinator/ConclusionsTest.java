package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.coordinator.CoordinatorEvent.PrepareRequested;
import dtc.coordinator.CoordinatorEvent.RollbackRequested;
import dtc.coordinator.CoordinatorEvent.WriteRequested;
import dtc.coordinator.CoordinatorEvent.WriteStaged;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.coordinator.WriteResult;
import dtc.log.AppendResult;
import dtc.protocol.Ballot;
import dtc.protocol.Origin;
import dtc.protocol.Refusal;
import dtc.protocol.Reply;
import dtc.protocol.Resolution;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A log that another process can take over: a conclusion is shown only after its record is stored. */
class ConclusionsTest {

    private static final Duration REFUSED_RECORD_PAUSE = Duration.ofSeconds(1);

    private final DriverFixture fixture = new DriverFixture(new FakeLog(1, 1));
    private final FakeParticipants participants = fixture.participants;
    private final UndeliveredOutcomes undelivered =
            new UndeliveredOutcomes(new HeldLogs(fixture.recordLog), fixture.store, fixture.driver, fixture.waiters);
    private final CompletableFuture<AppendResult> stored = new CompletableFuture<>();

    @BeforeEach
    void register() {
        fixture.register("orders");
        fixture.register("payments");
        participants.holding = true;
    }

    private void enlist(TransactionEntry entry) {
        for (String name : List.of("orders", "payments")) {
            fixture.apply(entry, new WriteRequested(name, DriverFixture.INSTANCE, false, false));
            fixture.apply(entry, new WriteStaged(name));
        }
    }

    /** A transaction whose commit is sent and not answered. */
    private TransactionEntry committing() {
        TransactionEntry entry = fixture.begin();
        enlist(entry);
        fixture.apply(entry, new PrepareRequested());
        participants.answer("Prepare orders", new Reply.Voted(Ballot.COMMIT));
        participants.answer("Prepare payments", new Reply.Voted(Ballot.COMMIT));
        assertEquals(TransactionState.COMMITTING, entry.transaction().state());
        return entry;
    }

    private TransactionEntry beginWithKey() {
        Origin origin = new Origin(null, new Origin.Request("key", "fingerprint"));
        Transaction active =
                Transaction.begin(new TransactionId(new UUID(7, 7)), origin, fixture.time.now(), fixture.time.now());
        TransactionEntry entry = new TransactionEntry(active, fixture.recordLog, fixture.time.nanos());
        fixture.store.inFlight().reserve(null);
        fixture.store.add(entry);
        enlist(entry);
        return entry;
    }

    @Test
    void a_heuristic_outcome_is_shown_after_its_record_is_stored() {
        TransactionEntry entry = committing();
        participants.answer("Commit orders", new Reply.NotFound("lost"));
        fixture.log.append = () -> stored;
        participants.answer("Commit payments", new Reply.Acknowledged());
        assertEquals(TransactionState.COMMITTING, entry.transaction().state());
        stored.complete(new AppendResult.Stored());
        assertEquals(TransactionState.HEURISTIC, entry.transaction().state());
        assertEquals(1, fixture.store.unresolvedCount());
    }

    @Test
    void the_end_of_a_commit_is_shown_at_once() {
        TransactionEntry entry = committing();
        fixture.log.append = () -> stored;
        participants.answer("Commit orders", new Reply.Acknowledged());
        participants.answer("Commit payments", new Reply.Acknowledged());
        assertEquals(TransactionState.COMMITTED, entry.transaction().state());
    }

    @Test
    void a_rollback_without_a_key_is_shown_at_once() {
        TransactionEntry entry = fixture.begin();
        enlist(entry);
        fixture.log.append = () -> stored;
        assertEquals(TransactionState.ROLLING_BACK, fixture.apply(entry, new RollbackRequested()));
    }

    @Test
    void a_rollback_that_binds_a_key_is_sent_and_shown_after_its_record_is_stored() {
        TransactionEntry entry = beginWithKey();
        fixture.log.append = () -> stored;
        participants.sent.clear();
        assertEquals(TransactionState.ACTIVE, fixture.apply(entry, new RollbackRequested()));
        assertEquals(List.of(), participants.sent);
        assertInstanceOf(
                WriteResult.Refused.class,
                fixture.driver
                        .apply(entry, new WriteRequested("orders", DriverFixture.INSTANCE, false, false))
                        .write());
        stored.complete(new AppendResult.Stored());
        assertEquals(TransactionState.ROLLING_BACK, entry.transaction().state());
        assertEquals(List.of("Rollback orders", "Rollback payments"), participants.sent);
    }

    @Test
    void events_that_arrive_meanwhile_are_applied_afterwards() {
        TransactionEntry entry = committing();
        fixture.log.append = () -> stored;
        var answer = undelivered.giveUp(entry.id(), "orders", resolution()).toCompletableFuture();
        participants.answer("Commit payments", new Reply.Acknowledged());
        assertFalse(answer.isDone());
        assertEquals(State.COMMITTING, state(entry, "orders"));
        assertEquals(State.COMMITTING, state(entry, "payments"));
        stored.complete(new AppendResult.Stored());
        assertEquals(State.HEURISTIC, state(entry, "orders"));
        assertEquals(State.COMMITTED, state(entry, "payments"));
        assertEquals(TransactionState.HEURISTIC, entry.transaction().state());
        assertTrue(answer.join() instanceof Answer.Given<Transaction>);
    }

    @Test
    void a_second_call_of_an_operator_is_refused_meanwhile() {
        TransactionEntry entry = committing();
        fixture.log.append = () -> stored;
        undelivered.giveUp(entry.id(), "orders", resolution());
        var second = undelivered.giveUp(entry.id(), "payments", resolution()).toCompletableFuture();
        stored.complete(new AppendResult.Stored());
        assertEquals(
                Refusal.Kind.UNDECIDED,
                assertInstanceOf(Answer.Refused.class, second.join()).refusal().kind());
        assertEquals(State.COMMITTING, state(entry, "payments"));
    }

    @Test
    void a_refused_record_is_appended_again() {
        TransactionEntry entry = committing();
        fixture.log.appendsReturn(new AppendResult.Refused("the store does not answer"));
        var answer = undelivered.giveUp(entry.id(), "orders", resolution()).toCompletableFuture();
        fixture.time.advance(REFUSED_RECORD_PAUSE.multipliedBy(3));
        assertEquals(State.COMMITTING, state(entry, "orders"));
        fixture.log.append = null;
        fixture.time.advance(REFUSED_RECORD_PAUSE);
        assertEquals(State.HEURISTIC, state(entry, "orders"));
        assertTrue(answer.join() instanceof Answer.Given<Transaction>);
    }

    @Test
    void an_abandoned_transaction_does_not_change_and_its_calls_are_refused() {
        TransactionEntry entry = committing();
        fixture.log.append = () -> stored;
        var answer = undelivered.giveUp(entry.id(), "orders", resolution()).toCompletableFuture();
        fixture.driver.abandon(entry);
        assertEquals(
                Refusal.Kind.UNDECIDED,
                assertInstanceOf(Answer.Refused.class, answer.join()).refusal().kind());
        stored.complete(new AppendResult.Stored());
        participants.answer("Commit orders", new Reply.Acknowledged());
        participants.answer("Commit payments", new Reply.Acknowledged());
        assertEquals(TransactionState.COMMITTING, entry.transaction().state());
        assertTrue(fixture.store.isIdle());
        assertEquals(null, fixture.store.find(entry.id()));
    }

    private static State state(TransactionEntry entry, String resourceManager) {
        return entry.transaction().participants().stream()
                .filter(participant -> participant.resourceManager().equals(resourceManager))
                .findFirst()
                .orElseThrow()
                .state();
    }

    private Resolution resolution() {
        return new Resolution("alice", fixture.time.now(), "the machine is gone");
    }
}
