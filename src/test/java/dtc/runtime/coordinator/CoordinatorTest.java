package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.coordinator.TwoPhaseCommit;
import dtc.log.AppendResult;
import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.JsonText;
import dtc.protocol.Message;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.Refusal;
import dtc.protocol.Reply;
import dtc.protocol.Resolution;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import dtc.runtime.Backoff;
import dtc.runtime.FakeTime;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.messaging.ParticipantClient;
import dtc.testing.NoApplication;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the coordinator and the classes behind it together, with a simulated clock and fake participants. */
@NoApplication
class CoordinatorTest {

    private static final UUID INSTANCE = new UUID(1, 1);
    private static final int IN_FLIGHT_MAX = 64;
    private static final int UNDELIVERED_MAX = 500_000;
    private static final int RETAINED_MAX = 1_000;
    private static final Duration RETENTION = Duration.ofHours(1);

    private FakeTime time = new FakeTime();
    private Registry registry = registry(time);
    private final Answering participants = new Answering();
    private final FakeLog log = new FakeLog();
    private List<? extends TransactionListener> listeners = List.of();
    private Runnable whenIdIsGenerated = () -> {};
    private long ids;

    @Test
    void commits_decided_before_a_restart_are_delivered() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        participants.commits = new Reply.NoAnswer("test");
        Coordinator before = coordinator();
        TransactionId open = commit(before, "a", "b").id();
        participants.commits = new Reply.Acknowledged();
        TransactionId ended = commit(before, "a", "b").id();
        participants.vote = Ballot.abort("no");
        TransactionId rolledBack = commit(before, "a", "b").id();

        Coordinator after = restarted();
        participants.committed.clear();
        assertEquals(1, after.recover());

        assertEquals(Outcome.COMMIT, after.outcome(open).outcome());
        assertEquals(TransactionState.COMMITTING, find(after, open).state());
        assertEquals(shown(find(before, ended)), shown(find(after, ended)));
        assertEquals(TransactionState.ROLLED_BACK, find(after, rolledBack).state());
        assertEquals(find(before, rolledBack).reason(), find(after, rolledBack).reason());
        time.advance(Duration.ofDays(1));
        assertEquals(List.of(), participants.committed, "no resource manager is registered");
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        assertEquals(TransactionState.COMMITTED, find(after, open).state());
        assertEquals(List.of(open + " a", open + " b"), participants.committed);
        assertEquals(0, restarted().recover(), "nothing is left to be done");
    }

    @Test
    void a_hundred_thousand_recovered_commits_do_not_flood_their_resource_managers() {
        int open = 100_000;
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        participants.commits = new Reply.NoAnswer("test");
        Coordinator before = coordinator();
        for (int i = 0; i < open; i++) {
            commit(before, "a", "b");
        }
        participants.answersLater = true;
        participants.commits = new Reply.Acknowledged();
        Coordinator after = restarted();
        assertEquals(open, after.recover());
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        time.advance(Duration.ofMillis(900));
        assertEquals(2 * IN_FLIGHT_MAX, participants.waiting.size(), "started within a second, and bounded");
        int waitingMax = 0;
        while (!participants.waiting.isEmpty()) {
            participants.waiting.remove().run();
            waitingMax = Math.max(waitingMax, participants.waiting.size());
        }
        assertTrue(waitingMax <= 2 * IN_FLIGHT_MAX, waitingMax + " in flight");
        assertEquals(0, restarted().recover());
    }

    @Test
    void each_attempt_to_deliver_waits_twice_as_long_as_the_one_before() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        participants.commits = new Reply.NoAnswer("test");
        TransactionId id = commit(coordinator(), "a", "b").id();
        time.advance(Duration.ofMinutes(2));
        assertEquals(
                List.of(2L, 4L, 8L, 16L, 30L, 30L),
                participants.limits.stream()
                        .filter(limit -> limit.startsWith(id + " a "))
                        .map(limit -> Duration.parse(limit.split(" ", -1)[2]).toSeconds())
                        .limit(6)
                        .toList());
    }

    @Test
    void retry_after_suspends_the_retries_to_a_resource_manager() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        participants.commits = new Reply.Unavailable("test", Duration.ofSeconds(5));
        Coordinator coordinator = coordinator();
        TransactionId id = commit(coordinator, "a", "b").id();
        participants.commits = new Reply.Acknowledged();
        time.advance(Duration.ofMillis(4_999));
        assertEquals(List.of(), participants.limits);
        time.advance(Duration.ofMillis(1));
        assertEquals(TransactionState.COMMITTED, find(coordinator, id).state());
    }

    @Test
    void an_outcome_is_not_sent_to_the_resource_manager_that_took_over_the_url() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        participants.commits = new Reply.NoAnswer("test");
        Coordinator coordinator = coordinator();
        TransactionId id = commit(coordinator, "a", "b").id();
        time.advance(Duration.ofDays(1)); // the leases have lapsed
        register("c", "http://localhost:1");
        participants.commits = new Reply.Acknowledged();
        time.advance(Duration.ofHours(1));
        assertEquals(TransactionState.COMMITTING, find(coordinator, id).state());
        register("a", "http://localhost:3");
        assertEquals(TransactionState.COMMITTED, find(coordinator, id).state());
    }

    @Test
    void ten_thousand_abandoned_transactions_expire_at_the_same_time() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        Coordinator coordinator = coordinator();
        for (int i = 0; i < 10_000; i++) {
            given(coordinator.begin(
                    Origin.ANONYMOUS, Duration.ofSeconds(2), writes("a", "b"), false, WaitCondition.ENDED));
        }
        assertEquals(1, coordinator.list(State.ACTIVE, null, 1).size());
        time.advance(Duration.ofSeconds(2));
        assertEquals(List.of(), coordinator.list(State.ACTIVE, null, 1));
        assertEquals(
                RETAINED_MAX, coordinator.list(State.ROLLED_BACK, null, 20_000).size());
        assertEquals(TransactionState.COMMITTED, commit(coordinator, "a", "b").state());
    }

    @Test
    void a_stop_rolls_back_active_transactions_and_waits_for_decided_ones() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        Coordinator coordinator = coordinator();
        Transaction active =
                given(coordinator.begin(Origin.ANONYMOUS, null, writes("a", "b"), false, WaitCondition.ENDED));
        participants.commits = new Reply.NoAnswer("test");
        TransactionId undelivered = commit(coordinator, "a", "b").id();

        CompletableFuture<Void> drained = coordinator.drain().toCompletableFuture();
        assertEquals(
                TransactionState.ROLLED_BACK, find(coordinator, active.id()).state());
        assertEquals(
                Refusal.Kind.SHUTTING_DOWN,
                refused(coordinator.begin(Origin.ANONYMOUS, null, List.of(), false, WaitCondition.ENDED))
                        .kind());
        assertFalse(drained.isDone());
        participants.commits = new Reply.Acknowledged();
        time.advance(Duration.ofSeconds(10));
        assertTrue(drained.isDone());
        assertEquals(TransactionState.COMMITTED, find(coordinator, undelivered).state());
    }

    @Test
    void a_transaction_that_begins_while_the_coordinator_stops_is_rolled_back() {
        List<CompletableFuture<Void>> drained = new ArrayList<>();
        Coordinator coordinator = coordinator();
        whenIdIsGenerated = () -> drained.add(coordinator.drain().toCompletableFuture());
        Transaction begun = given(coordinator.begin(Origin.ANONYMOUS, null, List.of(), false, WaitCondition.ENDED));
        assertEquals(TransactionState.ROLLED_BACK, begun.state());
        assertTrue(drained.getFirst().isDone());
    }

    @Test
    void a_repeated_request_begins_nothing_also_after_a_restart() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        Origin origin = new Origin("me", new Origin.Request("key", "body"));
        List<ClientWrite> writes = writes("a", "b");
        Coordinator before = coordinator();
        Transaction first = given(before.begin(origin, null, writes, true, WaitCondition.ENDED));
        assertEquals(first, given(before.begin(origin, null, writes, true, WaitCondition.ENDED)));
        int calls = participants.writes;

        Coordinator after = restarted();
        after.recover();
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        Transaction again = given(after.begin(origin, null, writes, true, WaitCondition.ENDED));
        assertEquals(first.id(), again.id());
        assertEquals(TransactionState.COMMITTED, again.state());
        assertEquals(calls, participants.writes);
        assertEquals(
                Refusal.Kind.KEY_REUSED,
                refused(after.begin(
                                new Origin("me", new Origin.Request("key", "other")),
                                null,
                                writes,
                                true,
                                WaitCondition.ENDED))
                        .kind());
        assertNotEquals(
                first.id(),
                given(after.begin(
                                new Origin("you", new Origin.Request("key", "body")),
                                null,
                                writes,
                                true,
                                WaitCondition.ENDED))
                        .id(),
                "a key is its principal's own");
    }

    @Test
    void a_request_that_was_answered_with_rollback_does_not_commit_after_a_restart() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        participants.vote = Ballot.abort("no");
        Transaction first = given(begin(coordinator(), "key"));
        assertEquals(TransactionState.ROLLED_BACK, first.state());

        Coordinator after = restarted();
        after.recover();
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        participants.vote = Ballot.COMMIT;
        Transaction again = given(begin(after, "key"));
        assertEquals(first.id(), again.id());
        assertEquals(TransactionState.ROLLED_BACK, again.state());
        assertEquals(first.reason(), again.reason());
    }

    @Test
    void a_rollback_is_not_answered_before_it_is_recorded() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        participants.vote = Ballot.abort("no");
        log.appendsReturn(new AppendResult.Refused("the disk is full"));
        Coordinator coordinator = coordinator();
        CompletableFuture<Answer<Transaction>> answer =
                begin(coordinator, "key").toCompletableFuture();
        assertFalse(answer.isDone());
        assertEquals(2, participants.rolledBack, "participants do not wait for the record");
        time.advance(Duration.ofSeconds(2));
        assertEquals(Refusal.Kind.UNDECIDED, refused(answer).kind());
        assertEquals(
                TransactionState.ROLLED_BACK,
                given(coordinator.begin(Origin.ANONYMOUS, null, writes("a", "b"), true, WaitCondition.ENDED))
                        .state(),
                "a request without a key needs no record");

        log.append = null;
        time.advance(Duration.ofSeconds(2));
        Transaction recorded = given(begin(coordinator, "key"));
        assertEquals(TransactionState.ROLLED_BACK, recorded.state());
        Coordinator after = restarted();
        after.recover();
        assertEquals(recorded.id(), given(begin(after, "key")).id());
    }

    private CompletionStage<Answer<Transaction>> begin(Coordinator coordinator, String key) {
        return coordinator.begin(
                new Origin("me", new Origin.Request(key, "body")), null, writes("a", "b"), true, WaitCondition.ENDED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT5M", "PT-5M", "PT1H", "PT-1H", "P1D", "P-1D"})
    void retention_ignores_jumps_of_the_clock(Duration jump) {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        Coordinator before = coordinator();
        TransactionId first = commit(before, "a", "b").id();
        time.advance(RETENTION.dividedBy(2));
        time.jump(jump);
        TransactionId second = commit(before, "a", "b").id();
        assertEquals(TransactionState.COMMITTED, find(before, first).state());

        time.jump(jump);
        Coordinator after = restarted();
        after.recover();
        time.advance(RETENTION.dividedBy(2).minusSeconds(1));
        assertEquals(TransactionState.COMMITTED, find(after, first).state());
        time.advance(Duration.ofSeconds(2));
        assertInstanceOf(Answer.Refused.class, after.find(first));
        assertEquals(TransactionState.COMMITTED, find(after, second).state());
        time.advance(RETENTION.dividedBy(2));
        assertInstanceOf(Answer.Refused.class, after.find(second));
    }

    @Test
    void while_the_log_refuses_decisions_nothing_begins_and_active_transactions_stay_active() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        Coordinator coordinator = coordinator();
        Transaction active =
                given(coordinator.begin(Origin.ANONYMOUS, null, writes("a", "b"), false, WaitCondition.ENDED));
        participants.commits = new Reply.NoAnswer("test");
        TransactionId decided = commit(coordinator, "a", "b").id();
        participants.commits = new Reply.Acknowledged();

        log.refusing = "the disk is full";
        assertEquals(
                Refusal.Kind.LOG_REFUSING,
                refused(coordinator.begin(Origin.ANONYMOUS, null, List.of(), false, WaitCondition.ENDED))
                        .kind());
        assertEquals(
                Refusal.Kind.LOG_REFUSING,
                refused(coordinator.prepare(active.id(), WaitCondition.ENDED)).kind());
        assertEquals(2, coordinator.refusedByLog());
        time.advance(Duration.ofSeconds(1));
        assertEquals(TransactionState.COMMITTED, find(coordinator, decided).state());

        log.refusing = null;
        assertEquals(
                TransactionState.COMMITTED,
                given(coordinator.prepare(active.id(), WaitCondition.ENDED)).state());
    }

    @Test
    void a_call_is_refused_as_undecided_if_it_is_unknown_whether_the_decision_is_stored() {
        Coordinator coordinator = coordinator();
        log.appendsReturn(new AppendResult.Unknown());
        Transaction active = given(coordinator.begin(Origin.ANONYMOUS, null, List.of(), false, WaitCondition.ENDED));
        var answer = coordinator.prepare(active.id(), WaitCondition.ENDED);
        time.advance(Duration.ofMinutes(2));
        assertEquals(Refusal.Kind.UNDECIDED, refused(answer).kind());
        assertEquals(Outcome.PENDING, coordinator.outcome(active.id()).outcome());
    }

    @Test
    void a_listener_that_throws_does_not_affect_a_transaction() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        listeners = List.of(new TransactionListener() {
            @Override
            public void applied(AppliedEvent applied) {
                throw new IllegalStateException("a bug");
            }

            @Override
            public void delivery(DeliveryEvent event) {
                throw new IllegalStateException("a bug");
            }
        });
        assertEquals(TransactionState.COMMITTED, commit(coordinator(), "a", "b").state());
    }

    @Test
    void a_forgotten_transaction_is_removed_from_the_log() {
        Coordinator coordinator = coordinator();
        for (int i = 0; i < RETAINED_MAX + 1; i++) {
            commit(coordinator);
        }
        assertEquals(RETAINED_MAX, log.records().size());
        time.advance(RETENTION.plusSeconds(1));
        assertEquals(List.of(), coordinator.list(null, null, 1));
        assertEquals(0, log.records().size());
    }

    @Test
    void a_resolved_heuristic_outcome_stays_resolved_after_a_restart_and_then_expires() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        participants.commits = new Reply.NotFound("test");
        Coordinator coordinator = coordinator();
        TransactionId id = commit(coordinator, "a", "b").id();
        TransactionId other = commit(coordinator, "a", "b").id();
        assertEquals(List.of(id, other), ids(coordinator.unresolved(10)));
        Resolution resolution = new Resolution("alice", time.now(), "booked by hand");
        assertInstanceOf(Answer.Given.class, resolve(coordinator, id, resolution));
        assertInstanceOf(
                Answer.Refused.class, resolve(coordinator, id, new Resolution("bob", time.now(), "a second time")));
        assertEquals(List.of(other), ids(coordinator.unresolved(10)));

        Coordinator after = restarted();
        after.recover();
        assertEquals(resolution, find(after, id).resolution());
        assertEquals(List.of(other), ids(after.unresolved(10)));
        assertEquals(Outcome.COMMIT, after.outcome(other).outcome());
        time.advance(RETENTION.plusSeconds(1));
        assertInstanceOf(Answer.Refused.class, after.find(id));
        assertEquals(TransactionState.HEURISTIC, find(after, other).state());
        assertInstanceOf(Answer.Given.class, resolve(after, other, resolution));
        time.advance(RETENTION.plusSeconds(1));
        assertInstanceOf(Answer.Refused.class, after.find(other));
        assertEquals(List.of(), after.unresolved(10));
    }

    @Test
    void a_commit_that_was_given_up_is_kept_and_delivered_once_more_after_an_inquiry() {
        Coordinator before = coordinator();
        TransactionId id = commitWithoutAcknowledgement(before);
        Transaction givenUp = given(before.undelivered().giveUp(id, "b", giveUp()));
        assertEquals(TransactionState.COMMITTING, givenUp.state(), "a is not given up");
        assertEquals(
                TransactionState.HEURISTIC,
                given(before.undelivered().giveUp(id, "a", giveUp())).state());
        assertEquals(
                TransactionState.HEURISTIC,
                given(before.undelivered().giveUp(id, "a", giveUp())).state(),
                "again");
        assertEquals(1, before.undelivered().givenUp());

        Coordinator after = restarted();
        after.recover();
        assertEquals(Outcome.COMMIT, after.outcome(id).outcome());
        assertEquals(List.of(), participants.committed, "nobody is registered");
        participants.commits = new Reply.NoAnswer("still gone");
        register("b", "http://localhost:2");
        time.advance(Duration.ofDays(1));
        assertEquals(List.of(id + " b"), participants.committed, "one attempt at its registration, and no retry");
        participants.commits = new Reply.Acknowledged();
        assertEquals(Outcome.COMMIT, after.outcome(id).outcome());
        assertEquals(List.of(id + " b", id + " b"), participants.committed);
        assertEquals(List.of(State.HEURISTIC, State.COMMITTED), participantStates(after, id));
        register("a", "http://localhost:1");
        assertEquals(List.of(State.COMMITTED, State.COMMITTED), participantStates(after, id));
        assertEquals(TransactionState.HEURISTIC, find(after, id).state());
        assertEquals(0, after.undelivered().givenUp());

        Coordinator last = restarted();
        last.recover();
        assertEquals(List.of(State.COMMITTED, State.COMMITTED), participantStates(last, id));
    }

    @Test
    void a_commit_that_was_given_up_does_not_expire_until_it_is_discarded() {
        Coordinator coordinator = coordinator();
        TransactionId id = commitWithoutAcknowledgement(coordinator);
        assertEquals(
                2,
                given(coordinator.undelivered().giveUpAll("a", giveUp()))
                        + given(coordinator.undelivered().giveUpAll("b", giveUp())));
        assertEquals(0, given(coordinator.undelivered().giveUpAll("a", giveUp())), "nothing is left to give up");
        assertInstanceOf(Answer.Given.class, resolve(coordinator, id, giveUp()));
        time.advance(RETENTION.multipliedBy(24));
        Coordinator after = restarted();
        after.recover();
        time.advance(RETENTION.multipliedBy(24));
        assertEquals(Outcome.COMMIT, after.outcome(id).outcome());
        assertEquals(1, given(after.undelivered().discardAll("a")));
        time.advance(RETENTION.multipliedBy(24));
        assertEquals(TransactionState.HEURISTIC, find(after, id).state(), "the commit to b is still kept");
        given(after.undelivered().discard(id, "b"));
        given(after.undelivered().discard(id, "b"));
        participants.committed.clear();
        register("a", "http://localhost:3");
        register("b", "http://localhost:4");
        assertEquals(List.of(), participants.committed, "discarded commits are not delivered");
        time.advance(RETENTION.plusSeconds(1));
        assertInstanceOf(Answer.Refused.class, after.find(id));
    }

    @Test
    void an_outcome_is_answered_only_after_it_is_durable() {
        Coordinator coordinator = coordinator();
        TransactionId id = commitWithoutAcknowledgement(coordinator);
        log.appendsReturn(new AppendResult.Refused("the disk is full"));
        CompletableFuture<Answer<Transaction>> answer =
                coordinator.undelivered().giveUp(id, "b", giveUp()).toCompletableFuture();
        assertFalse(answer.isDone());
        log.append = null;
        time.advance(Duration.ofSeconds(1));
        assertEquals(State.HEURISTIC, given(answer).participants().getLast().state());
    }

    @Test
    void only_an_undelivered_outcome_can_be_given_up() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        Coordinator coordinator = coordinator();
        Transaction active =
                given(coordinator.begin(Origin.ANONYMOUS, null, writes("a", "b"), false, WaitCondition.ENDED));
        TransactionId committed = commit(coordinator, "a", "b").id();
        for (TransactionId id : List.of(active.id(), committed)) {
            assertEquals(
                    Refusal.Kind.WRONG_STATE,
                    refused(coordinator.undelivered().giveUp(id, "b", giveUp())).kind());
        }
        assertEquals(
                Refusal.Kind.WRONG_STATE,
                refused(coordinator.undelivered().discard(active.id(), "b")).kind());
        assertEquals(
                Refusal.Kind.UNKNOWN_RESOURCE_MANAGER,
                refused(coordinator.undelivered().giveUp(committed, "c", giveUp()))
                        .kind());
        assertEquals(
                Refusal.Kind.UNKNOWN_TRANSACTION,
                refused(coordinator.undelivered().giveUp(new TransactionId(new UUID(9, 9)), "b", giveUp()))
                        .kind());
    }

    /** Commits a transaction with two participants that do not answer the commit. */
    private TransactionId commitWithoutAcknowledgement(Coordinator coordinator) {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        participants.commits = new Reply.NoAnswer("gone");
        TransactionId id = commit(coordinator, "a", "b").id();
        time.advance(Duration.ofMinutes(1));
        registry.deregister("a", null);
        registry.deregister("b", null);
        time.advance(Duration.ofMinutes(1));
        participants.commits = new Reply.Acknowledged();
        participants.committed.clear();
        return id;
    }

    private Resolution giveUp() {
        return new Resolution("alice", time.now(), "its disk is lost");
    }

    private List<State> participantStates(Coordinator coordinator, TransactionId id) {
        return find(coordinator, id).participants().stream()
                .map(Participant::state)
                .toList();
    }

    @Test
    void deliveries_are_retried_on_request_for_one_transaction_or_one_resource_manager() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        participants.commits = new Reply.NoAnswer("test");
        Coordinator coordinator = coordinator();
        TransactionId first = commit(coordinator, "a", "b").id();
        TransactionId second = commit(coordinator, "a", "b").id();
        participants.commits = new Reply.Acknowledged();

        assertEquals(2, ((Answer.Given<Integer>) coordinator.retryNow(first)).value());
        assertEquals(TransactionState.COMMITTED, find(coordinator, first).state());
        assertEquals(TransactionState.COMMITTING, find(coordinator, second).state());
        assertEquals(1, coordinator.retryNow("a"));
        assertEquals(1, coordinator.retryNow("b"));
        assertEquals(TransactionState.COMMITTED, find(coordinator, second).state());
    }

    @Test
    void an_operator_can_roll_back_active_transactions_only() {
        register("a", "http://localhost:1");
        Coordinator coordinator = coordinator();
        TransactionId active = given(coordinator.begin(Origin.ANONYMOUS, null, writes("a"), false, WaitCondition.ENDED))
                .id();
        Transaction rolledBack = given(coordinator.rollback(active, "its client is gone"));
        assertEquals(TransactionState.ROLLED_BACK, rolledBack.state());
        assertEquals(Cause.OPERATOR, rolledBack.cause());
        assertEquals("its client is gone", rolledBack.reason());
        TransactionId committed = commit(coordinator, "a").id();
        assertEquals(
                Refusal.Kind.WRONG_STATE,
                refused(coordinator.rollback(committed, "too late")).kind());
    }

    @Test
    void rollback_is_not_answered_while_a_participant_may_still_commit() {
        registry.register("a", "http://localhost:1", INSTANCE, Set.of(Registration.ONE_PHASE));
        Coordinator coordinator = coordinator();
        participants.answersLater = true;
        TransactionId id = commit(coordinator, "a").id();
        var client = coordinator.rollback(id);
        var operator = coordinator.rollback(id, "it takes long");
        time.advance(Duration.ofSeconds(2));
        assertEquals(Refusal.Kind.UNDECIDED, refused(client).kind());
        assertEquals(Refusal.Kind.UNDECIDED, refused(operator).kind());
        participants.waiting.remove().run();
        assertEquals(TransactionState.COMMITTED, find(coordinator, id).state());
        assertEquals(
                Refusal.Kind.WRONG_STATE,
                refused(coordinator.rollback(id, "it took long")).kind());
    }

    @Test
    void rollback_only_is_answered_immediately_while_the_transaction_is_active() {
        register("a", "http://localhost:1");
        Coordinator coordinator = coordinator();
        TransactionId id = given(coordinator.begin(Origin.ANONYMOUS, null, writes("a"), false, WaitCondition.ENDED))
                .id();
        assertEquals(
                TransactionState.MARKED_ROLLBACK,
                given(coordinator.rollbackOnly(id, "why")).state());
        given(coordinator.rollbackOnly(id, "why"));
        assertEquals(
                TransactionState.ROLLED_BACK,
                given(coordinator.prepare(id, WaitCondition.ENDED)).state());
        assertEquals(
                TransactionState.ROLLED_BACK,
                given(coordinator.rollbackOnly(id, "why")).state());
        assertEquals(
                Refusal.Kind.UNKNOWN_TRANSACTION,
                refused(coordinator.rollbackOnly(nextId(), "why")).kind());
    }

    @Test
    void rollback_only_is_answered_after_the_record_of_the_commit_is_durable() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        Coordinator coordinator = coordinator();
        TransactionId id = given(
                        coordinator.begin(Origin.ANONYMOUS, null, writes("a", "b"), false, WaitCondition.ENDED))
                .id();
        CompletableFuture<AppendResult> record = new CompletableFuture<>();
        log.append = () -> record;
        coordinator.prepare(id, WaitCondition.ENDED);
        var early = coordinator.rollbackOnly(id, "why").toCompletableFuture();
        assertFalse(early.isDone());
        time.advance(Duration.ofSeconds(2));
        assertEquals(Refusal.Kind.UNDECIDED, refused(early).kind());
        var late = coordinator.rollbackOnly(id, "why");
        record.complete(new AppendResult.Stored());
        assertEquals(Refusal.Kind.WRONG_STATE, refused(late).kind());
        assertEquals(TransactionState.COMMITTED, find(coordinator, id).state());
    }

    @Test
    void rollback_only_is_answered_when_the_record_of_the_commit_is_refused() {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        Coordinator coordinator = coordinator();
        TransactionId id = given(
                        coordinator.begin(Origin.ANONYMOUS, null, writes("a", "b"), false, WaitCondition.ENDED))
                .id();
        CompletableFuture<AppendResult> record = new CompletableFuture<>();
        log.append = () -> record;
        coordinator.prepare(id, WaitCondition.ENDED);
        var answer = coordinator.rollbackOnly(id, "why");
        record.complete(new AppendResult.Refused("the disk is full"));
        assertEquals(Outcome.ROLLBACK, given(answer).decision());
    }

    @Test
    void rollback_only_is_refused_while_only_the_participant_knows_the_outcome_and_if_it_is_heuristic() {
        registry.register("a", "http://localhost:1", INSTANCE, Set.of(Registration.ONE_PHASE));
        Coordinator coordinator = coordinator();
        participants.answersLater = true;
        TransactionId id = commit(coordinator, "a").id();
        var answer = coordinator.rollbackOnly(id, "why");
        time.advance(Duration.ofSeconds(2));
        assertEquals(Refusal.Kind.UNDECIDED, refused(answer).kind());
        given(coordinator.undelivered().giveUp(id, "a", giveUp()));
        assertEquals(TransactionState.HEURISTIC, find(coordinator, id).state());
        assertEquals(
                Refusal.Kind.WRONG_STATE,
                refused(coordinator.rollbackOnly(id, "why")).kind());
    }

    private static List<TransactionId> ids(List<Transaction> transactions) {
        return transactions.stream().map(Transaction::id).toList();
    }

    /** Commits transactions one after the other. Fails if one does not commit. */
    void commitMany(int transactions) {
        register("a", "http://localhost:1");
        register("b", "http://localhost:2");
        Coordinator coordinator = coordinator();
        for (int i = 0; i < transactions; i++) {
            assertEquals(
                    TransactionState.COMMITTED, commit(coordinator, "a", "b").state());
        }
    }

    private static Registry registry(FakeTime time) {
        return new Registry(time, Duration.ofDays(1), 10, _ -> true);
    }

    /** Returns a coordinator after a restart. Only the log is kept. */
    private Coordinator restarted() {
        time = time.later();
        registry = registry(time);
        return coordinator();
    }

    private Coordinator coordinator() {
        return new Coordinator(
                new TwoPhaseCommit(10, 100),
                new CoordinatorSettings(
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(30),
                        Duration.ofMillis(1400),
                        new TransactionLimits(1_000_000, RETENTION, RETAINED_MAX),
                        IN_FLIGHT_MAX,
                        100,
                        10,
                        UNDELIVERED_MAX),
                time,
                this::nextId,
                new Backoff(Duration.ofMillis(100), Duration.ofSeconds(10), new Random(1)),
                registry,
                participants,
                log,
                listeners);
    }

    private TransactionId nextId() {
        whenIdIsGenerated.run();
        return new TransactionId(new UUID(++ids, 1));
    }

    private void register(String id, String url) {
        assertInstanceOf(Answer.Given.class, registry.register(id, url, INSTANCE, Set.of()));
    }

    private static List<ClientWrite> writes(String... resourceManagers) {
        List<ClientWrite> writes = new ArrayList<>();
        for (String resourceManager : resourceManagers) {
            writes.add(new ClientWrite(resourceManager, "key", new JsonText("1")));
        }
        return writes;
    }

    /** Returns the state after all actions that happen without a delay. */
    private Transaction commit(Coordinator coordinator, String... resourceManagers) {
        Transaction begun =
                given(coordinator.begin(Origin.ANONYMOUS, null, writes(resourceManagers), false, WaitCondition.ENDED));
        coordinator.prepare(begun.id(), WaitCondition.ENDED);
        return find(coordinator, begun.id());
    }

    /** The fields that clients see. */
    private static List<@Nullable Object> shown(Transaction t) {
        List<@Nullable Object> shown = new ArrayList<>();
        shown.add(t.state());
        shown.add(t.decision());
        shown.add(t.startedAt());
        shown.add(t.expiresAt());
        shown.add(t.decidedAt());
        shown.add(t.finishedAt());
        shown.add(t.cause());
        shown.add(t.reason());
        t.participants().forEach(p -> {
            shown.add(p.resourceManager());
            shown.add(p.state());
            shown.add(p.ballot() == null ? null : p.ballot().vote());
            shown.add(p.reason());
        });
        return shown;
    }

    private static Transaction find(Coordinator coordinator, TransactionId id) {
        return given(CompletableFuture.completedFuture(coordinator.find(id)));
    }

    private static <T> T given(CompletionStage<Answer<T>> answer) {
        return now(answer) instanceof Answer.Given<T>(T value) ? value : fail("refused: " + now(answer));
    }

    private static Refusal refused(CompletionStage<Answer<Transaction>> answer) {
        return now(answer) instanceof Answer.Refused<Transaction>(Refusal refusal) ? refusal : fail("not refused");
    }

    private static <T> T now(CompletionStage<T> stage) {
        try {
            assertTrue(stage.toCompletableFuture().isDone(), "not answered yet");
            return stage.toCompletableFuture().get();
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    /** Participants that all send the same replies, immediately or later. */
    private static final class Answering implements ParticipantClient {
        private Ballot vote = Ballot.COMMIT;
        private Reply commits = new Reply.Acknowledged();
        private boolean answersLater;
        private int writes;
        private int rolledBack;
        private final List<String> committed = new ArrayList<>();
        private final Queue<Runnable> waiting = new ArrayDeque<>();
        /** Of each retry: the transaction, the resource manager, and how long it waits for the answer. */
        private final List<String> limits = new ArrayList<>();

        @Override
        public CompletionStage<Reply> sendSeparately(Registration target, Message message, Duration limit) {
            if (limits.size() < 1_000) { // enough for the tests
                limits.add(message.id() + " " + target.id() + " " + limit);
            }
            return send(target, message);
        }

        @Override
        public CompletionStage<Reply> send(Registration target, Message message) {
            return switch (message) {
                case Message.Write _ -> {
                    writes++;
                    yield CompletableFuture.completedFuture(new Reply.Acknowledged());
                }
                case Message.Prepare _ -> CompletableFuture.completedFuture(new Reply.Voted(vote));
                case Message.Commit _, Message.CommitOnePhase _ -> commit(target, message.id());
                case Message.Rollback _ -> {
                    rolledBack++;
                    yield CompletableFuture.completedFuture(new Reply.Acknowledged());
                }
            };
        }

        private CompletionStage<Reply> commit(Registration target, TransactionId id) {
            Reply reply = commits;
            if (committed.size() < 10) { // a million would fill the heap
                committed.add(id + " " + target.id());
            }
            if (!answersLater) {
                return CompletableFuture.completedFuture(reply);
            }
            CompletableFuture<Reply> later = new CompletableFuture<>();
            waiting.add(() -> later.complete(reply));
            return later;
        }
    }

    private static Answer<Transaction> resolve(Coordinator coordinator, TransactionId id, Resolution resolution) {
        return coordinator.resolve(id, resolution).toCompletableFuture().join();
    }
}
