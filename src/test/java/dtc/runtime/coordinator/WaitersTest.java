package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Transaction;
import dtc.coordinator.TwoPhaseCommit;
import dtc.protocol.Origin;
import dtc.protocol.Refusal;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import dtc.runtime.FakeTime;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class WaitersTest {

    private static final Duration TIMEOUT = Duration.ofMillis(1_400);

    private final FakeTime time = new FakeTime();
    private final Waiters waiters = new Waiters(time, TIMEOUT);
    private final TwoPhaseCommit machine = new TwoPhaseCommit(10, 100);
    private final TransactionEntry entry = new TransactionEntry(
            Transaction.begin(new TransactionId(new UUID(0, 1)), Origin.ANONYMOUS, time.now(), time.now()),
            RecordLog.of(new FakeLog(), time),
            0);

    @Test
    void a_call_is_answered_once_its_condition_is_met() {
        CompletableFuture<Answer<Transaction>> decided = await(WaitCondition.DECIDED);
        CompletableFuture<Answer<Transaction>> applied = await(WaitCondition.ENDED);
        assertFalse(decided.isDone());
        Transaction rolledBack = rollBack();
        waiters.changed(entry);
        assertEquals(Answer.of(rolledBack), decided.join());
        assertEquals(Answer.of(rolledBack), applied.join());
        assertEquals(0, time.timers(), "the timers are cancelled");
        assertTrue(entry.waiters.isEmpty());
    }

    @Test
    void a_call_is_answered_with_the_current_state_after_the_timeout() {
        CompletableFuture<Answer<Transaction>> answer = await(WaitCondition.DECIDED);
        time.advance(TIMEOUT.minusMillis(1));
        assertFalse(answer.isDone());
        time.advance(Duration.ofMillis(1));
        assertEquals(Answer.of(entry.transaction()), answer.join());
        assertTrue(entry.waiters.isEmpty());
    }

    @Test
    void a_call_waits_for_its_own_timeout_but_not_longer_than_the_limit() {
        CompletableFuture<Answer<Transaction>> brief =
                await(new WaitCondition(WaitCondition.Until.ENDED, Duration.ofMillis(2)));
        CompletableFuture<Answer<Transaction>> patient =
                await(new WaitCondition(WaitCondition.Until.ENDED, TIMEOUT.multipliedBy(2)));
        time.advance(Duration.ofMillis(2));
        assertTrue(brief.isDone());
        assertFalse(patient.isDone());
        time.advance(TIMEOUT);
        assertTrue(patient.isDone());
    }

    @Test
    void a_call_whose_condition_is_met_already_does_not_wait() {
        Transaction rolledBack = rollBack();
        assertEquals(Answer.of(rolledBack), await(WaitCondition.ENDED).join());
        assertEquals(0, time.timers());
    }

    @Test
    void a_call_is_not_answered_with_an_outcome_that_is_not_durable() {
        entry.recordPending();
        Transaction rolledBack = rollBack();
        CompletableFuture<Answer<Transaction>> answer = await(WaitCondition.NONE);
        waiters.changed(entry);
        assertFalse(answer.isDone());
        entry.recordDone();
        waiters.changed(entry);
        assertEquals(Answer.of(rolledBack), answer.join());
    }

    @Test
    void a_call_is_refused_if_the_outcome_is_not_durable_after_the_timeout() {
        entry.recordPending();
        rollBack();
        CompletableFuture<Answer<Transaction>> answer = await(WaitCondition.ENDED);
        time.advance(TIMEOUT);
        Refusal refusal = assertInstanceOf(Answer.Refused.class, answer.join()).refusal();
        assertEquals(Refusal.Kind.UNDECIDED, refusal.kind());
    }

    @Test
    void a_call_is_answered_with_the_current_state_while_the_decision_itself_is_being_recorded() {
        entry.recordPending();
        CompletableFuture<Answer<Transaction>> answer = await(WaitCondition.ENDED);
        time.advance(TIMEOUT);
        assertEquals(Answer.of(entry.transaction()), answer.join());
    }

    private CompletableFuture<Answer<Transaction>> await(WaitCondition until) {
        return waiters.await(entry, until).toCompletableFuture();
    }

    private Transaction rollBack() {
        Transaction rolledBack = machine.apply(
                        entry.transaction(), new CoordinatorEvent.RollbackRequested(), time.now())
                .transaction();
        synchronized (entry) {
            entry.update(rolledBack, time.nanos());
        }
        return rolledBack;
    }
}
