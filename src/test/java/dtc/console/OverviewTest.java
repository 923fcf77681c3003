package dtc.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.coordinator.RecordCodec;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionRecord;
import dtc.coordinator.TwoPhaseCommit;
import dtc.log.AppendResult;
import dtc.log.DecisionLog;
import dtc.log.LogIdentity;
import dtc.log.LogRecord;
import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.JsonText;
import dtc.protocol.Message;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.Reply;
import dtc.protocol.Resolution;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.protocol.Vote;
import dtc.protocol.VoteCause;
import dtc.runtime.Answer;
import dtc.runtime.Backoff;
import dtc.runtime.FakeTime;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.coordinator.ClientWrite;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.CoordinatorSettings;
import dtc.runtime.coordinator.ResourceManagerHealth;
import dtc.runtime.coordinator.TransactionLimits;
import dtc.runtime.coordinator.WaitCondition;
import dtc.runtime.messaging.ParticipantClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The overview shows what requires action, and since when. */
class OverviewTest {

    private static final UUID INSTANCE = new UUID(1, 1);

    private final FakeTime time = new FakeTime();
    private final Registry registry = new Registry(time, Duration.ofDays(1), 10, _ -> true);
    private final ConsoleSettings settings = new ConsoleSettings(true, 100, 1_000_000, 10, Duration.ofMinutes(1));
    private final VoteStatistics votes = new VoteStatistics();
    private final Timelines timelines = new Timelines(time, votes, settings);
    private final ResourceManagerHealth health = new ResourceManagerHealth(registry, time);
    private long ids = 1;
    private boolean diskAnswers = true;
    /** The resource manager that does not answer prepare messages. */
    private String noVoteOf = "";
    /** The records in the log when the coordinator starts. */
    private final List<LogRecord> logged = new ArrayList<>();
    /** The replies to outcomes. A resource manager without one does not answer. */
    private final Map<String, Reply> replies = new HashMap<>();

    private final Coordinator coordinator = new Coordinator(
            new TwoPhaseCommit(10, 100),
            new CoordinatorSettings(
                    Duration.ofHours(1),
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(30),
                    Duration.ofMillis(1_400),
                    new TransactionLimits(100, Duration.ofHours(1), TransactionList.EXAMINED_MAX + 100),
                    10,
                    10,
                    10,
                    10),
            time,
            () -> new TransactionId(new UUID(0x7000, 0x8000000000000000L + ids++)),
            new Backoff(Duration.ofMillis(100), Duration.ofSeconds(10), new Random(1)),
            registry,
            new Voting(),
            new Hanging(),
            List.of(timelines, health));
    private final ResourceManagers resourceManagers =
            new ResourceManagers(registry, health, votes, timelines, settings, time);
    private final Overview overview =
            new Overview(coordinator, timelines, resourceManagers, new Rates(), settings, time);

    @Test
    void a_decision_that_the_log_does_not_make_durable_requires_action() {
        diskAnswers = false;
        Transaction t = begin("a", "b");
        time.advance(Duration.ofMinutes(10)); // no action is required while it is active
        assertEquals(List.of(), overview.model().actionItems());
        var _ = coordinator.prepare(t.id(), WaitCondition.ENDED);
        time.advance(Duration.ofSeconds(59));
        assertEquals(List.of(), overview.model().actionItems());
        time.advance(Duration.ofSeconds(2));
        Overview.ActionItem item = overview.model().actionItems().getFirst();
        assertEquals("1 decision waits for the decision log", item.title());
        assertEquals("console/transactions?state=RECORDING", item.link());
        assertEquals(List.of(t.id().toString()), found("RECORDING", "", false));
        assertEquals(List.of(), found("IN_DOUBT", "", false));
        assertEquals(Timestamp.of(time.now().minusSeconds(61), time.now()), item.since());
        assertEquals(Duration.ofSeconds(61), coordinator.oldestInDoubt());
    }

    @Test
    void a_transaction_delegated_to_an_unresponsive_participant_is_in_doubt_since_then() {
        Transaction t = begin("a");
        time.advance(Duration.ofMinutes(10));
        var _ = coordinator.commit(t.id(), WaitCondition.ENDED);
        assertEquals(List.of(), overview.model().actionItems());
        time.advance(Duration.ofSeconds(61));
        Overview.ActionItem item = overview.model().actionItems().getFirst();
        assertEquals("a does not acknowledge outcomes", item.title());
        assertEquals(List.of(t.id().toString()), found("IN_DOUBT", "", false));
        assertEquals(List.of(), found("RECORDING", "", false));
        assertEquals(Timestamp.of(time.now().minusSeconds(61), time.now()), item.since());
        assertEquals(Duration.ofSeconds(61), coordinator.oldestInDoubt());
    }

    @Test
    void a_heuristic_outcome_shows_who_diverged_and_what_the_others_did() {
        replies.put("a", new Reply.Acknowledged());
        replies.put("b", new Reply.Conflict("it answered 409"));
        replies.put("c", new Reply.Acknowledged());
        Transaction t = begin("a", "b", "c");
        var _ = coordinator.commit(t.id(), WaitCondition.ENDED);
        assertEquals(
                List.of(
                        "Heuristic outcome at b: b: it answered 409. The decision was to commit. Committed: a and 1 other."),
                items());
    }

    @Test
    void unknown_outcomes_of_other_participants_are_not_claimed() {
        replies.put("b", new Reply.Conflict("it answered 409"));
        replies.put("c", new Reply.NoAnswer("it did not answer in time"));
        Transaction t = begin("b", "c");
        var _ = coordinator.rollback(t.id());
        assertEquals(List.of("Heuristic outcome at b: b: it answered 409. The decision was to roll back."), items());
    }

    @Test
    void no_decision_is_claimed_for_a_single_participant() {
        replies.put("a", new Reply.Conflict("it answered 409"));
        Transaction t = begin("a");
        var _ = coordinator.rollback(t.id());
        assertEquals(List.of("Heuristic outcome at a: a: it answered 409."), items());
    }

    @Test
    void a_diverged_outcome_requires_action_before_the_transaction_ends() {
        replies.put("b", new Reply.NotFound("it lost its memory"));
        Transaction t = begin("a", "b");
        var _ = coordinator.commit(t.id(), WaitCondition.ENDED);
        assertEquals(
                List.of(
                        "Outcome diverged at b: b: it lost its memory. The decision was to commit. Not acknowledged yet: a."),
                items());
        for (int i = 0; i < 5; i++) {
            var _ = coordinator.commit(begin("a", "b").id(), WaitCondition.ENDED);
        }
        Overview.ActionItem group = overview.model().actionItems().getLast();
        assertEquals("6 outcomes diverged at b", group.title());
        assertEquals("console/transactions?state=DIVERGED&rm=b", group.link());
        assertEquals(6, found("DIVERGED", "b", false).size());
        assertEquals(List.of(), found("DIVERGED", "c", false));
    }

    @Test
    void heuristic_outcomes_are_grouped_and_all_are_counted() {
        replies.put("a", new Reply.Acknowledged());
        replies.put("b", new Reply.Conflict("it answered 409"));
        replies.put("c", new Reply.NotFound("it answered 404"));
        for (int i = 0; i < 30; i++) {
            var _ = coordinator.commit(begin("a", i < 28 ? "b" : "c").id(), WaitCondition.ENDED);
        }
        Overview.Model model = overview.model();
        assertEquals(
                List.of("28 heuristic outcomes at b", "2 heuristic outcomes at c"),
                model.actionItems().stream().map(Overview.ActionItem::title).toList());
        assertEquals(2, model.actionsRequired());
        assertEquals(
                "console/transactions?state=UNRESOLVED&rm=b",
                model.actionItems().getFirst().link());
        assertEquals(28, found("UNRESOLVED", "b", false).size());
    }

    @Test
    void a_resource_manager_that_is_down_is_shown_first() {
        replies.put("b", new Reply.Conflict("it answered 409"));
        Transaction heuristic = begin("b");
        var _ = coordinator.rollback(heuristic.id());
        begin("c");
        votes(false, "a");
        assertEquals(
                List.of(
                        "a is down: http://localhost:1/a: the last 3 votes failed: it did not answer in time.",
                        "Heuristic outcome at b: b: it answered 409."),
                items());
        assertEquals("a", overview.model().resourceManagers().getFirst().id());
        assertEquals(new Chip("down", Tone.BAD), resourceManagers.get("a").chip());
        assertEquals(new Chip("live", Tone.GOOD), resourceManagers.get("c").chip());
        votes(true, "a");
        assertEquals(List.of("Heuristic outcome at b: b: it answered 409."), items());

        time.advance(Duration.ofDays(2));
        assertEquals(new Chip("lapsed", Tone.BAD), resourceManagers.get("c").chip());
        assertEquals(
                4, items().stream().filter(item -> item.contains(" is down: ")).count());
    }

    /** Three transactions to which the resource manager votes, or does not answer. */
    private void votes(boolean answers, String resourceManager) {
        for (int i = 0; i < 3; i++) {
            noVoteOf = answers ? "" : resourceManager;
            replies.put(resourceManager, new Reply.Acknowledged());
            replies.put("other", new Reply.Acknowledged());
            var _ = coordinator.commit(begin(resourceManager, "other").id(), WaitCondition.ENDED);
        }
    }

    @Test
    void a_resource_manager_that_does_not_acknowledge_is_not_shown_as_healthy() {
        replies.put("b", new Reply.Acknowledged());
        replies.put("a", new Reply.ProtocolError("it answered 500: no space left"));
        Transaction t = begin("a", "b");
        var _ = coordinator.commit(t.id(), WaitCondition.ENDED);
        assertEquals(new Chip("live", Tone.GOOD), resourceManagers.get("a").chip());
        replies.remove("a"); // the retry hangs
        time.advance(Duration.ofSeconds(61));
        assertEquals(
                new Chip("not acknowledging", Tone.WARN),
                resourceManagers.get("a").chip());
        assertEquals(
                List.of(
                        "a does not acknowledge outcomes: 1 outcome is undelivered. Last error: it answered 500: no space left."),
                items());
        assertEquals(
                "it answered 500: no space left",
                view(t.id()).participants().getFirst().reason());
    }

    @Test
    void recovered_outcomes_are_overdue_only_if_they_are_not_delivered_again() {
        for (int i = 0; i < 9; i++) {
            TransactionId id = new TransactionId(new UUID(0x7000, 0x8000000000000000L + i));
            logged.add(new LogRecord(id, RecordCodec.encode(committing(id, "a"), 0), LogRecord.Kind.OPEN));
        }
        time.advance(Duration.ofHours(3));
        assertEquals(9, coordinator.recover());
        assertEquals(List.of(), items());
        time.advance(Duration.ofSeconds(61));
        assertEquals(
                List.of("a is not registered: 9 outcomes are undelivered."
                        + " 9 are from before the restart of the coordinator and may already have been delivered."),
                items());
        replies.put("a", new Reply.Acknowledged());
        registry.register("a", "http://localhost:1/a", INSTANCE, Set.of());
        assertEquals(List.of(), items());
        assertEquals(0, resourceManagers.get("a").waiting());
    }

    @Test
    void the_steps_of_a_heuristic_outcome_name_the_participants_and_the_decision() {
        replies.put("a", new Reply.Acknowledged());
        replies.put("b", new Reply.NotFound("it answered 404"));
        Transaction lost = begin("a", "b");
        var _ = coordinator.commit(lost.id(), WaitCondition.ENDED);
        assertEquals(
                List.of(
                        "Check at b whether the writes of this transaction were applied. The decision was to commit. If they are missing, write them again in a new transaction.",
                        "Find the cause in the log of b: it answered 404.",
                        "Change nothing at a: the decision was carried out there.",
                        "Choose “Mark as resolved”, and note what you did."),
                view(lost.id()).steps());
        assertInstanceOf(
                Answer.Given.class, coordinator.resolve(lost.id(), new Resolution("carol", time.now(), "repaired")));
        assertEquals(List.of(), view(lost.id()).steps());
        replies.put("b", new Reply.Conflict("it answered 409"));
        Transaction rolledBack = begin("a", "b");
        var _ = coordinator.rollback(rolledBack.id());
        assertTrue(
                view(rolledBack.id()).steps().getFirst().contains("The decision was to roll back."),
                () -> view(rolledBack.id()).steps().toString());
    }

    @Test
    void a_missing_vote_is_not_shown_as_a_vote() {
        replies.put("a", new Reply.Acknowledged());
        replies.put("b", new Reply.Acknowledged());
        noVoteOf = "b";
        Transaction t = begin("a", "b");
        var _ = coordinator.commit(t.id(), WaitCondition.ENDED);
        assertEquals("none (timeout)", view(t.id()).participants().getLast().vote());
    }

    @Test
    void delegated_transactions_are_listed_with_their_resource_manager_and_can_be_resolved_while_it_is_registered() {
        Transaction t = begin("a");
        var _ = coordinator.commit(t.id(), WaitCondition.ENDED);
        ResourceManagers.Row row = resourceManagers.get("a");
        assertEquals(0, row.undelivered());
        assertEquals(1, row.delegated());
        assertEquals(List.of(Action.RETRY), row.actions());
        assertEquals(
                List.of(t.id()),
                resourceManagers.waitingFor("a", 10).stream()
                        .map(Transaction::id)
                        .toList());
        registry.deregister("a", INSTANCE);
        assertEquals(List.of(Action.GIVE_UP), resourceManagers.get("a").actions());
    }

    @Test
    void the_age_of_a_condition_counts_from_when_it_began() {
        diskAnswers = false;
        Transaction t = begin("a", "b");
        time.advance(Duration.ofMinutes(10));
        var _ = coordinator.prepare(t.id(), WaitCondition.ENDED);
        time.advance(Duration.ofSeconds(61));
        assertEquals("for 1 min 1 s", view(t.id()).took());
    }

    @Test
    void the_number_of_writes_before_a_restart_is_unknown() {
        TransactionId id = new TransactionId(new UUID(0x7000, 0x8000000000000000L));
        logged.add(new LogRecord(id, RecordCodec.encode(committing(id, "a"), 0), LogRecord.Kind.OPEN));
        assertEquals(1, coordinator.recover());
        assertNull(view(id).participants().getFirst().writes());
        assertEquals(1, view(begin("a").id()).participants().getFirst().writes());
    }

    @Test
    void many_rollbacks_do_not_evict_the_timeline_of_a_heuristic_outcome() {
        replies.put("b", new Reply.Conflict("it answered 409"));
        Transaction atOnce = begin("b");
        var _ = coordinator.rollback(atOnce.id());
        replies.put("c", new Reply.NoAnswer("it did not answer in time"));
        Transaction later = begin("c");
        var _ = coordinator.rollback(later.id());
        Transaction first = begin();
        var _ = coordinator.rollback(first.id());
        replies.put("c", new Reply.Conflict("it answered 409"));
        var _ = coordinator.retryNow(later.id());
        assertEquals(2, coordinator.unresolved(10).size());
        for (int i = 0; i < settings.timelinesMax(); i++) {
            var _ = coordinator.rollback(begin().id());
        }
        assertEquals(
                List.of(true, true, false),
                Stream.of(atOnce, later, first)
                        .map(t -> timelines.snapshot(t.id()) != null)
                        .toList());
    }

    @Test
    void unresolved_transactions_are_found_however_many_ended_later() {
        replies.put("b", new Reply.Conflict("it answered 409"));
        replies.put("c", new Reply.Acknowledged());
        Transaction heuristic = begin("b", "c");
        var _ = coordinator.commit(heuristic.id(), WaitCondition.ENDED);
        Transaction active = begin("b");
        for (int i = 0; i < TransactionList.PAGE_MAX + 1; i++) {
            begin("d");
        }
        for (int i = 0; i < TransactionList.EXAMINED_MAX; i++) {
            var _ = coordinator.commit(begin().id(), WaitCondition.ENDED);
        }
        assertEquals(List.of(active.id().toString()), found("ACTIVE", "b", false));
        assertEquals(List.of(heuristic.id().toString()), found("UNRESOLVED", "", false));
        assertEquals(List.of(active.id().toString(), heuristic.id().toString()), found("", "b", true));
        assertEquals(List.of(heuristic.id().toString()), found("HEURISTIC", "", true));
        assertEquals(
                List.of(false, true),
                Stream.of("b", "d").map(name -> list("", name).cut()).toList());
        assertEquals(TransactionList.PAGE_MAX, list("", "d").rows().size());

        assertInstanceOf(
                Answer.Given.class, coordinator.resolve(heuristic.id(), new Resolution("carol", time.now(), "seen")));
        assertEquals(List.of(), found("UNRESOLVED", "", false));
    }

    private List<String> found(String state, String resourceManager, boolean partly) {
        TransactionList.Model model = list(state, resourceManager);
        assertEquals(partly, model.partly());
        assertEquals(partly, model.older() != null);
        return model.rows().stream().map(TransactionList.Row::id).toList();
    }

    private TransactionList.Model list(String state, String resourceManager) {
        return new TransactionList(coordinator, timelines, time)
                .model(new TransactionList.Query(state, resourceManager, "", "", "", ""));
    }

    @Test
    void unresolved_transactions_are_listed_in_pages() {
        for (int i = 0; i < TransactionList.PAGE_MAX + 1; i++) {
            begin();
        }
        TransactionList list = new TransactionList(coordinator, timelines, time);
        TransactionList.Model first = list.model(new TransactionList.Query("ACTIVE", "", "", "", "", ""));
        assertEquals(TransactionList.PAGE_MAX, first.rows().size());
        String last = first.rows().getLast().id();
        assertEquals("console/transactions?state=ACTIVE&after=" + last, first.older());
        TransactionList.Model second = list.model(new TransactionList.Query("ACTIVE", "", "", "", "", last));
        assertEquals(1, second.rows().size());
        assertNull(second.older());
    }

    @Test
    void a_commit_in_one_phase_counts_as_a_vote_and_votes_of_one_that_left_are_kept() {
        replies.put("a", new Reply.Acknowledged());
        Transaction t = begin("a");
        var _ = coordinator.commit(t.id(), WaitCondition.ENDED);
        registry.deregister("a", INSTANCE);
        votes.makeRoom(id -> registry.find(id) != null);
        assertEquals("1", resourceManagers.get("a").votes().getFirst().count());
        assertTrue(resourceManagers.get("a").isKnown(), "its page goes on");
    }

    @Test
    void vote_durations_count_only_votes_that_arrived() {
        Ballot silent = Ballot.abortFor(VoteCause.TIMEOUT, "no answer");
        votes.counted("a", silent, Duration.ofSeconds(1));
        assertNull(votes.of("a").median());
        votes.counted("a", Ballot.COMMIT, Duration.ofMillis(3));
        votes.counted("a", silent, Duration.ofSeconds(1));
        assertEquals(Duration.ofMillis(3), votes.of("a").slowest());
        assertEquals(1, votes.of("a").latest());
        assertEquals(2, votes.of("a").of(VoteStatistics.Kind.TIMEOUT));
    }

    @Test
    void the_number_of_resource_managers_with_vote_counts_is_limited() {
        for (int i = 0; i <= VoteStatistics.RESOURCE_MANAGERS_MAX; i++) {
            votes.counted("rm-" + i, Ballot.COMMIT, Duration.ZERO);
        }
        String beyond = "rm-" + VoteStatistics.RESOURCE_MANAGERS_MAX;
        assertEquals(VoteStatistics.Counts.NONE, votes.of(beyond));
        votes.makeRoom("rm-0"::equals);
        votes.counted(beyond, Ballot.COMMIT, Duration.ZERO);
        assertEquals(
                List.of(1L, 0L, 1L),
                Stream.of("rm-0", "rm-1", beyond)
                        .map(id -> votes.of(id).of(VoteStatistics.Kind.COMMIT))
                        .toList());
    }

    private TransactionView.Model view(TransactionId id) {
        TransactionView view = new TransactionView(coordinator, timelines, registry, new Audit(time), time);
        return Objects.requireNonNull(view.model(id, "http://localhost"));
    }

    private TransactionRecord committing(TransactionId id, String resourceManager) {
        return new TransactionRecord(
                id,
                State.COMMITTING,
                Outcome.COMMIT,
                Origin.ANONYMOUS,
                time.now(),
                time.now(),
                time.now(),
                null,
                Cause.VOTED,
                null,
                List.of(new TransactionRecord.ParticipantRecord(
                        resourceManager, INSTANCE, State.COMMITTING, Vote.COMMIT, null, null)),
                null);
    }

    private List<String> items() {
        return overview.model().actionItems().stream()
                .map(one -> "%s: %s".formatted(one.title(), one.detail()))
                .toList();
    }

    private Transaction begin(String... resourceManagers) {
        List<ClientWrite> writes = new ArrayList<>();
        for (String name : resourceManagers) {
            assertInstanceOf(
                    Answer.Given.class,
                    registry.register(name, "http://localhost:1/" + name, INSTANCE, Set.of(Registration.ONE_PHASE)));
            writes.add(new ClientWrite(name, "key", new JsonText("1")));
        }
        var begun = coordinator.begin(Origin.ANONYMOUS, null, writes, false, WaitCondition.ENDED);
        if (begun.toCompletableFuture().join() instanceof Answer.Given<Transaction>(Transaction t)) {
            return t;
        }
        throw new AssertionError(begun);
    }

    /** Votes COMMIT, and answers outcomes as configured. */
    private final class Voting implements ParticipantClient {
        @Override
        public CompletionStage<Reply> send(Registration target, Message message) {
            return switch (message) {
                case Message.Write _ -> CompletableFuture.completedFuture(new Reply.Acknowledged());
                case Message.Prepare _ ->
                    CompletableFuture.completedFuture(
                            target.id().equals(noVoteOf)
                                    ? new Reply.NoAnswer("it did not answer in time")
                                    : new Reply.Voted(Ballot.COMMIT));
                case Message.Commit _, Message.CommitOnePhase _, Message.Rollback _ -> {
                    Reply reply = replies.get(target.id());
                    yield reply == null ? new CompletableFuture<>() : CompletableFuture.completedFuture(reply);
                }
            };
        }
    }

    private final class Hanging implements DecisionLog {
        @Override
        public void replay(Consumer<LogRecord> each) {
            logged.forEach(each);
        }

        @Override
        public CompletionStage<AppendResult> append(LogRecord decision) {
            return diskAnswers
                    ? CompletableFuture.completedFuture(new AppendResult.Stored())
                    : new CompletableFuture<>();
        }

        @Override
        public void appendLazily(LogRecord ended) {}

        @Override
        public void forget(TransactionId id) {}

        @Override
        public @Nullable String refusalReason() {
            return null;
        }

        @Override
        public @Nullable LogIdentity identity() {
            return null;
        }
    }
}
