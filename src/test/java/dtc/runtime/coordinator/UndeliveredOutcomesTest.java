package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.coordinator.CoordinatorEvent.PrepareRequested;
import dtc.coordinator.CoordinatorEvent.WriteRequested;
import dtc.coordinator.CoordinatorEvent.WriteStaged;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.log.AppendResult;
import dtc.protocol.Refusal.Kind;
import dtc.protocol.Reply;
import dtc.protocol.Resolution;
import dtc.protocol.State;
import dtc.runtime.Answer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Operators' calls while the log refuses their records. */
class UndeliveredOutcomesTest {

    /** The time after which a call is answered although its record is not durable. */
    private static final Duration ANSWERED = Duration.ofSeconds(10);

    private static final Duration RECORD_RETRIED = Duration.ofSeconds(1);

    private final DriverFixture fixture = new DriverFixture();
    private final UndeliveredOutcomes undelivered =
            new UndeliveredOutcomes(new HeldLogs(fixture.recordLog), fixture.store, fixture.driver, fixture.waiters);
    private TransactionEntry entry = fixture.begin();

    @BeforeEach
    void registerAndHold() {
        fixture.register("orders");
        fixture.register("payments");
        fixture.participants.holding = true;
    }

    /** A commit is undelivered, or only the participant of a one-phase commit knows the outcome. */
    private void prepare(boolean onePhase) {
        for (String name : onePhase ? List.of("orders") : List.of("orders", "payments")) {
            fixture.apply(entry, new WriteRequested(name, DriverFixture.INSTANCE, onePhase, false));
            fixture.apply(entry, new WriteStaged(name));
        }
        fixture.apply(entry, new PrepareRequested());
        if (!onePhase) {
            for (String name : List.of("orders", "payments")) {
                fixture.participants.answer("Prepare " + name, new Reply.Voted(dtc.protocol.Ballot.COMMIT));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void a_repeated_call_is_not_answered_before_the_record_of_the_first_is_durable(boolean onePhase) {
        prepare(onePhase);
        fixture.log.appendsReturn(new AppendResult.Refused("the disk is full"));
        for (int i = 0; i < 2; i++) {
            assertUndecided(this::giveUp);
            assertUndecided(() -> undelivered.giveUpAll("orders", resolution()));
        }
        fixture.log.append = null;
        CompletableFuture<Answer<Transaction>> one = giveUp().toCompletableFuture();
        CompletableFuture<Answer<Integer>> all =
                undelivered.giveUpAll("orders", resolution()).toCompletableFuture();
        assertFalse(one.isDone());
        assertFalse(all.isDone());
        fixture.time.advance(RECORD_RETRIED);
        assertTrue(one.join() instanceof Answer.Given<Transaction>(Transaction t)
                && t.participants().getFirst().state() == State.HEURISTIC);
        assertEquals(Answer.of(1), all.join());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nothing_is_given_up_while_the_decision_is_open(boolean refusing) {
        if (refusing) {
            fixture.log.append = CompletableFuture::new;
        }
        for (String name : List.of("orders", "payments")) {
            fixture.apply(entry, new WriteRequested(name, DriverFixture.INSTANCE, false, false));
            fixture.apply(entry, new WriteStaged(name));
        }
        fixture.apply(entry, new PrepareRequested());
        if (refusing) {
            for (String name : List.of("orders", "payments")) {
                fixture.participants.answer("Prepare " + name, new Reply.Voted(dtc.protocol.Ballot.COMMIT));
            }
            assertEquals(TransactionState.DECIDING, entry.transaction().state());
        }
        assertRefused(Kind.WRONG_STATE, giveUp().toCompletableFuture().getNow(null));
        assertEquals(
                Answer.of(0),
                undelivered
                        .giveUpAll("orders", resolution())
                        .toCompletableFuture()
                        .getNow(null));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void a_repeated_discard_waits_for_the_record_of_the_first(boolean all) {
        prepare(false);
        giveUp();
        fixture.log.appendsReturn(new AppendResult.Refused("the disk is full"));
        Supplier<CompletionStage<? extends Answer<?>>> discard =
                () -> all ? undelivered.discardAll("orders") : undelivered.discard(entry.id(), "orders");
        assertUndecided(discard);
        assertUndecided(discard);
        fixture.log.append = null;
        CompletableFuture<? extends Answer<?>> last = discard.get().toCompletableFuture();
        fixture.time.advance(RECORD_RETRIED);
        assertTrue(last.join() instanceof Answer.Given<?>);
    }

    /** The record of one participant does not affect the others. */
    @Test
    void giving_up_and_discarding_do_not_affect_other_participants() {
        prepare(false);
        fixture.participants.answer("Commit payments", new Reply.Acknowledged());
        fixture.log.appendsReturn(new AppendResult.Refused("the disk is full"));
        giveUp();
        assertRefused(
                Kind.WRONG_STATE,
                undelivered
                        .giveUp(entry.id(), "payments", resolution())
                        .toCompletableFuture()
                        .getNow(null));
        assertEquals(
                Answer.of(0),
                undelivered
                        .giveUpAll("payments", resolution())
                        .toCompletableFuture()
                        .getNow(null));
        assertEquals(
                Answer.of(0),
                undelivered.discardAll("payments").toCompletableFuture().getNow(null));
    }

    @Test
    void a_participant_that_was_not_given_up_is_not_discarded() {
        prepare(false);
        fixture.log.appendsReturn(new AppendResult.Refused("the disk is full"));
        giveUp();
        assertRefused(
                Kind.WRONG_STATE,
                undelivered
                        .discard(entry.id(), "payments")
                        .toCompletableFuture()
                        .getNow(null));
    }

    private CompletionStage<Answer<Transaction>> giveUp() {
        return undelivered.giveUp(entry.id(), "orders", resolution());
    }

    private Resolution resolution() {
        return new Resolution("alice", fixture.time.now(), "permanently lost");
    }

    private void assertUndecided(Supplier<? extends CompletionStage<? extends Answer<?>>> call) {
        CompletableFuture<? extends Answer<?>> answer = call.get().toCompletableFuture();
        assertFalse(answer.isDone());
        fixture.time.advance(ANSWERED);
        assertRefused(Kind.UNDECIDED, answer.join());
    }

    private static void assertRefused(Kind kind, Answer<?> answer) {
        assertTrue(
                answer instanceof Answer.Refused<?> refused && refused.refusal().kind() == kind,
                () -> String.valueOf(answer));
    }
}
