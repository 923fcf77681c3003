package dtc.runtime.participant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.Ballot;
import dtc.protocol.Condition;
import dtc.protocol.JsonText;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import dtc.protocol.Vote;
import dtc.resource.ResourceEffect.CommitAnswer;
import dtc.resource.ResourceEffect.CommitRefused;
import dtc.resource.ResourceEffect.Committed;
import dtc.resource.ResourceEffect.NoRoom;
import dtc.resource.ResourceEffect.RollbackAnswer;
import dtc.resource.ResourceEffect.RollbackRefused;
import dtc.resource.ResourceEffect.RolledBack;
import dtc.resource.ResourceEffect.Staged;
import dtc.resource.ResourceEffect.Stopping;
import dtc.resource.ResourceEffect.Unknown;
import dtc.resource.ResourceEffect.WriteAnswer;
import dtc.resource.ResourceEffect.WriteRefused;
import dtc.resource.ResourceEvent;
import dtc.runtime.FakeTime;
import dtc.runtime.participant.HostedParticipant.Progress;
import dtc.runtime.participant.HostedParticipant.Progress.Blocked;
import dtc.runtime.participant.HostedParticipant.Progress.Done;
import dtc.runtime.participant.HostedParticipant.Statistics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What every {@link HostedParticipant} promises. Waits for storage in real time, for timers on the simulated clock. */
abstract class HostedParticipantContract {

    static final Duration LOCK_WAIT = Duration.ofMillis(800);
    static final Duration STAGED_TIMEOUT = Duration.ofSeconds(30);
    /** Longer than the first pause of an inquiry. */
    static final Duration INQUIRY = Duration.ofSeconds(2);
    /** The most that one staged or stored entry may have. */
    static final int CHARS_MAX = 1_000;

    static final TransactionId OLD = id(1);
    static final TransactionId YOUNG = id(2);
    static final TransactionId YOUNGEST = id(3);

    final FakeTime time = new FakeTime();
    final FakeCoordinatorLink coordinator = new FakeCoordinatorLink();

    /** The same new and empty participant at each call of one test. It uses {@link #time} and {@link #coordinator}. */
    abstract HostedParticipant participant();

    static TransactionId id(long age) {
        return new TransactionId(new UUID(0x7000, age)); // version 7: ordered by time
    }

    static ResourceEvent.Write event(TransactionId transaction, int sequence, String key, String value) {
        return new ResourceEvent.Write(transaction, sequence, key, new JsonText(value));
    }

    static <T extends @Nullable Object> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    WriteAnswer write(TransactionId transaction, String key, String value) throws Exception {
        return await(participant().write(event(transaction, 1, key, value)));
    }

    Progress<Ballot> prepare(TransactionId transaction) throws Exception {
        return await(participant().prepare(new ResourceEvent.Prepare(transaction, List.of(), null)));
    }

    Progress<CommitAnswer> commit(TransactionId transaction) throws Exception {
        return await(participant().commit(new ResourceEvent.Commit(transaction, null)));
    }

    RollbackAnswer rollback(TransactionId transaction) throws Exception {
        return await(participant().rollback(transaction));
    }

    Optional<String> entry(String key) throws Exception {
        return await(participant().entry(key)).map(JsonText::text);
    }

    private void put(TransactionId transaction, String key, String value) throws Exception {
        write(transaction, key, value);
        assertEquals(new Done<>(new Committed(transaction)), commit(transaction));
    }

    static <T> T done(Progress<T> progress) {
        return switch (progress) {
            case Done<T>(T answer) -> answer;
            case Blocked<T> _ -> throw new AssertionError("it waits for a key");
        };
    }

    static <T> CompletionStage<T> blocked(Progress<T> progress) {
        return switch (progress) {
            case Done<T>(T answer) -> throw new AssertionError("it has answered " + answer);
            case Blocked<T>(CompletionStage<T> answer) -> {
                assertFalse(answer.toCompletableFuture().isDone());
                yield answer;
            }
        };
    }

    @Test
    void a_write_is_visible_after_the_commit() throws Exception {
        assertInstanceOf(Staged.class, write(OLD, "k", "1"));
        assertEquals(Optional.empty(), entry("k"));
        assertEquals(Ballot.COMMIT, done(prepare(OLD)));
        assertEquals(Optional.empty(), entry("k"));
        assertEquals(new Committed(OLD), done(commit(OLD)));
        assertEquals(Optional.of("1"), entry("k"));
    }

    @Test
    void a_repeated_prepare_gets_the_same_vote() throws Exception {
        write(OLD, "k", "1");
        prepare(OLD);
        assertEquals(Ballot.COMMIT, done(prepare(OLD)));
        commit(OLD);
        assertEquals(Ballot.COMMIT, done(prepare(OLD)));
        assertEquals(Vote.ABORT, done(prepare(YOUNG)).vote());
        assertEquals(Vote.ABORT, done(prepare(YOUNG)).vote());
    }

    @Test
    void a_repeated_commit_does_not_apply_again() throws Exception {
        put(OLD, "k", "1");
        put(YOUNG, "k", "2");
        assertEquals(new Committed(OLD), done(commit(OLD)));
        assertEquals(Optional.of("2"), entry("k"));
    }

    @Test
    void a_rollback_discards_and_is_final() throws Exception {
        write(OLD, "k", "1");
        prepare(OLD);
        assertEquals(new RolledBack(OLD), rollback(OLD));
        assertEquals(new RolledBack(OLD), rollback(OLD));
        assertInstanceOf(CommitRefused.class, done(commit(OLD)));
        assertEquals(Optional.empty(), entry("k"));
    }

    @Test
    void a_rollback_of_an_unknown_transaction_is_remembered() throws Exception {
        assertEquals(new RolledBack(OLD), rollback(OLD));
        assertInstanceOf(WriteRefused.class, write(OLD, "k", "1"));
        assertEquals(Vote.ABORT, done(prepare(OLD)).vote());
    }

    @Test
    void a_rollback_of_a_committed_transaction_is_refused() throws Exception {
        put(OLD, "k", "1");
        assertEquals(new RollbackRefused(OLD), rollback(OLD));
    }

    @Test
    void a_commit_of_an_unknown_transaction_is_answered_so() throws Exception {
        assertEquals(new Unknown(OLD), done(commit(OLD)));
    }

    @Test
    void a_commit_without_a_vote_commits_in_one_phase() throws Exception {
        put(OLD, "k", "1");
        assertEquals(Optional.of("1"), entry("k"));
    }

    @Test
    void a_write_after_the_vote_is_refused() throws Exception {
        write(OLD, "k", "1");
        prepare(OLD);
        assertInstanceOf(WriteRefused.class, write(OLD, "l", "1"));
    }

    @Test
    void a_write_that_exceeds_a_limit_has_no_room() throws Exception {
        assertInstanceOf(NoRoom.class, write(OLD, "k", "1".repeat(CHARS_MAX + 1)));
    }

    @Test
    void a_prepare_stages_its_writes_before_the_vote() throws Exception {
        List<ResourceEvent.Write> writes = List.of(event(OLD, 1, "k", "1"), event(OLD, 2, "k", "2"));
        assertEquals(Ballot.COMMIT, done(await(participant().prepare(new ResourceEvent.Prepare(OLD, writes, 2)))));
        commit(OLD);
        assertEquals(Optional.of("2"), entry("k"));
    }

    @Test
    void a_write_that_did_not_arrive_prevents_the_commit() throws Exception {
        write(OLD, "k", "1");
        assertEquals(
                Vote.ABORT,
                done(await(participant().prepare(new ResourceEvent.Prepare(OLD, List.of(), 2))))
                        .vote());
        write(YOUNG, "k", "1");
        var onePhase = new ResourceEvent.Commit(YOUNG, 2);
        assertInstanceOf(CommitRefused.class, done(await(participant().commit(onePhase))));
        assertInstanceOf(CommitRefused.class, done(await(participant().commit(onePhase))));
        assertEquals(Optional.empty(), entry("k"));
    }

    @Test
    void messages_take_effect_in_the_order_of_the_calls() throws Exception {
        HostedParticipant participant = participant();
        CompletionStage<WriteAnswer> write = participant.write(event(OLD, 1, "k", "1"));
        CompletionStage<Progress<Ballot>> vote = participant.prepare(new ResourceEvent.Prepare(OLD, List.of(), 1));
        CompletionStage<Progress<CommitAnswer>> commit = participant.commit(new ResourceEvent.Commit(OLD, null));
        CompletionStage<RollbackAnswer> rollback = participant.rollback(OLD);
        assertInstanceOf(Staged.class, await(write));
        assertEquals(Ballot.COMMIT, done(await(vote)));
        assertEquals(new Committed(OLD), done(await(commit)));
        assertEquals(new RollbackRefused(OLD), await(rollback));
    }

    @Test
    void a_vote_that_waits_for_a_key_is_blocked_until_the_key_is_released() throws Exception {
        write(OLD, "k", "1");
        write(YOUNG, "k", "2");
        prepare(YOUNG);
        CompletionStage<Ballot> vote = blocked(prepare(OLD));
        CompletionStage<Ballot> repeated = blocked(prepare(OLD));
        commit(YOUNG);
        assertEquals(Ballot.COMMIT, await(vote));
        assertEquals(Ballot.COMMIT, await(repeated));
        assertEquals(new Committed(OLD), done(commit(OLD)));
        assertEquals(Optional.of("1"), entry("k"));
    }

    @Test
    void a_caller_that_cancels_a_blocked_vote_does_not_cancel_another() throws Exception {
        write(OLD, "k", "1");
        write(YOUNG, "k", "2");
        prepare(YOUNG);
        CompletionStage<Ballot> cancelled = blocked(prepare(OLD));
        CompletionStage<Ballot> vote = blocked(prepare(OLD));
        assertTrue(cancelled.toCompletableFuture().cancel(false));
        commit(YOUNG);
        assertEquals(Ballot.COMMIT, await(vote));
    }

    @Test
    void a_commit_in_one_phase_that_waits_for_a_key_is_blocked() throws Exception {
        write(OLD, "k", "1");
        write(YOUNG, "k", "2");
        prepare(YOUNG);
        CompletionStage<CommitAnswer> commit = blocked(commit(OLD));
        rollback(YOUNG);
        assertEquals(new Committed(OLD), await(commit));
    }

    @Test
    void a_transaction_that_waits_too_long_aborts() throws Exception {
        write(OLD, "k", "1");
        write(YOUNG, "k", "2");
        prepare(YOUNG);
        CompletionStage<Ballot> vote = blocked(prepare(OLD));
        time.advance(LOCK_WAIT);
        assertEquals(Vote.ABORT, await(vote).vote());
    }

    @Test
    void a_blocked_transaction_can_be_rolled_back() throws Exception {
        write(OLD, "k", "1");
        write(YOUNG, "k", "2");
        prepare(YOUNG);
        CompletionStage<Ballot> vote = blocked(prepare(OLD));
        assertEquals(new RolledBack(OLD), rollback(OLD));
        assertEquals(Vote.ABORT, await(vote).vote());
    }

    @Test
    void a_younger_transaction_aborts_on_a_conflict() throws Exception {
        write(OLD, "k", "1");
        write(YOUNG, "k", "2");
        prepare(OLD);
        assertEquals(Vote.ABORT, done(prepare(YOUNG)).vote());
        write(YOUNGEST, "k", "3");
        assertInstanceOf(CommitRefused.class, done(commit(YOUNGEST)));
        assertEquals(2, participant().statistics().lockConflicts());
    }

    @Test
    void progress_hides_the_wait_from_those_who_only_want_the_answer() throws Exception {
        write(OLD, "k", "1");
        write(YOUNG, "k", "2");
        assertEquals(
                Ballot.COMMIT,
                await(Progress.awaitAnswer(participant().prepare(new ResourceEvent.Prepare(YOUNG, List.of(), null)))));
        CompletableFuture<Ballot> vote = Progress.awaitAnswer(
                        participant().prepare(new ResourceEvent.Prepare(OLD, List.of(), null)))
                .toCompletableFuture();
        commit(YOUNG);
        assertEquals(Ballot.COMMIT, await(vote));
    }

    @Test
    void staged_writes_expire() throws Exception {
        write(OLD, "k", "1");
        time.advance(STAGED_TIMEOUT);
        assertEquals(Map.of(), await(participant().openTransactions(10)));
        assertEquals(Vote.ABORT, done(prepare(OLD)).vote());
    }

    @Test
    void a_prepared_transaction_does_not_expire() throws Exception {
        write(OLD, "k", "1");
        prepare(OLD);
        time.advance(STAGED_TIMEOUT);
        assertEquals(new Committed(OLD), done(commit(OLD)));
    }

    @Test
    void a_transaction_in_doubt_follows_the_coordinator() throws Exception {
        write(OLD, "k", "1");
        write(YOUNG, "l", "2");
        prepare(OLD);
        coordinator.answerOutcome(Outcome.COMMIT);
        time.advance(INQUIRY);
        assertEquals(Optional.of("1"), entry("k"));
        prepare(YOUNG);
        coordinator.answerOutcome(Outcome.ROLLBACK);
        time.advance(INQUIRY);
        assertInstanceOf(CommitRefused.class, done(commit(YOUNG)));
    }

    @Test
    void open_transactions_are_listed_oldest_first() throws Exception {
        write(YOUNG, "k", "1");
        write(OLD, "l", "1");
        write(YOUNGEST, "m", "1");
        prepare(YOUNG);
        assertEquals(
                List.of(Map.entry(OLD, State.ACTIVE), Map.entry(YOUNG, State.PREPARED)),
                List.copyOf(await(participant().openTransactions(2)).entrySet()));
    }

    @Test
    void entries_are_read_in_pages() throws Exception {
        put(OLD, "b", "2");
        put(YOUNG, "a", "1");
        put(YOUNGEST, "c", "3");
        assertEquals(
                List.of("a", "b"),
                List.copyOf(await(participant().entries(null, 2)).keySet()));
        assertEquals(
                List.of("c"), List.copyOf(await(participant().entries("b", 2)).keySet()));
    }

    @Test
    void entries_are_in_the_order_of_code_points() throws Exception {
        put(OLD, "\uD83D\uDE00", "1"); // a surrogate pair, which sorts before the next one by its first half
        put(YOUNG, "\uFFFD", "2");
        put(YOUNGEST, "Z", "3");
        assertEquals(
                List.of("Z", "\uFFFD", "\uD83D\uDE00"),
                List.copyOf(await(participant().entries(null, 3)).keySet()));
        assertEquals(
                List.of("\uD83D\uDE00"),
                List.copyOf(await(participant().entries("\uFFFD", 3)).keySet()));
    }

    @Test
    void a_condition_is_evaluated_against_what_is_committed_before_it() throws Exception {
        put(OLD, "k", "1");
        var one = new Condition.HasValue(new JsonText("1.0"));
        var write = new ResourceEvent.Write(YOUNG, 1, "k", new Update.Delete(), one);
        assertEquals(
                Ballot.COMMIT, done(await(participant().prepare(new ResourceEvent.Prepare(YOUNG, List.of(write), 1)))));
        assertEquals(new Committed(YOUNG), done(commit(YOUNG)));
        assertEquals(Optional.empty(), entry("k"));
        var again = new ResourceEvent.Write(YOUNGEST, 1, "k", new Update.None(), one);
        Ballot vote = done(await(participant().prepare(new ResourceEvent.Prepare(YOUNGEST, List.of(again), 1))));
        assertEquals(Ballot.abort(Ballot.conditionFailedReason("k")), vote);
    }

    @Test
    void values_are_returned_as_they_were_written() throws Exception {
        for (String value : List.of("1e5", "1.10", "-0.0", "{\"b\":1,\"a\":[\"\\u0000\",\"\uD83D\uDE00\"]}", "null")) {
            put(new TransactionId(UUID.randomUUID()), "k", value);
            assertEquals(Optional.of(value), entry("k"));
        }
    }

    @Test
    void statistics_count_what_is_held() throws Exception {
        assertEquals(new Statistics(0, 0, 0, Duration.ZERO, 0, 0), participant().statistics());
        write(OLD, "k", "1");
        write(YOUNG, "l", "1");
        prepare(OLD);
        time.advance(Duration.ofMillis(500));
        assertEquals(
                new Statistics(2, 1, 0, Duration.ofMillis(500), 0, 0),
                participant().statistics());
        commit(OLD);
        rollback(YOUNG);
        assertEquals(new Statistics(0, 0, 0, Duration.ZERO, 2, 0), participant().statistics());
    }

    @Test
    void a_drain_without_open_transactions_completes() throws Exception {
        await(participant().drain());
        assertInstanceOf(Stopping.class, write(OLD, "k", "1"));
    }

    @Test
    void a_drain_discards_staged_writes_and_waits_for_the_rest() throws Exception {
        write(OLD, "k", "1");
        write(YOUNG, "l", "1");
        prepare(OLD);
        CompletableFuture<@Nullable Void> drained = participant().drain().toCompletableFuture();
        assertFalse(drained.isDone());
        assertEquals(Map.of(OLD, State.PREPARED), await(participant().openTransactions(10)));
        assertEquals(Vote.ABORT, done(prepare(YOUNG)).vote());
        assertEquals(new Committed(OLD), done(commit(OLD)));
        await(drained);
    }

    @Test
    void a_draining_participant_does_not_stage_carried_writes() throws Exception {
        await(participant().drain());
        assertEquals(
                Vote.ABORT,
                done(await(participant().prepare(new ResourceEvent.Prepare(OLD, List.of(event(OLD, 1, "k", "1")), 1))))
                        .vote());
    }
}
