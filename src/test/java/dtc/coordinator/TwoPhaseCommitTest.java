package dtc.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.coordinator.CoordinatorEffect.Deliver;
import dtc.coordinator.CoordinatorEffect.Durability;
import dtc.coordinator.CoordinatorEffect.Persist;
import dtc.coordinator.CoordinatorEffect.RequestVote;
import dtc.coordinator.CoordinatorEffect.StartVoteTimer;
import dtc.coordinator.CoordinatorEffect.Timing;
import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.Resolution;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.protocol.VoteCause;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class TwoPhaseCommitTest {

    private static final TwoPhaseCommit MACHINE = new TwoPhaseCommit(2, 4);
    private static final Instant BEGUN = Instant.parse("2026-01-01T00:00:00Z");
    private static final Instant NOW = BEGUN.plusSeconds(1);
    private static final UUID INSTANCE = new UUID(1, 1);
    private static final UUID OTHER_INSTANCE = new UUID(2, 2);

    private static final UUID REQUEST = new UUID(4, 4);

    // Every state and every event

    private static final List<TransactionState> COLUMNS = List.of(
            TransactionState.ACTIVE,
            TransactionState.MARKED_ROLLBACK,
            TransactionState.PREPARING,
            TransactionState.DECIDING,
            TransactionState.DELEGATING,
            TransactionState.DELEGATED,
            TransactionState.RESOLVING,
            TransactionState.COMMITTING,
            TransactionState.COMMITTED,
            TransactionState.ROLLING_BACK,
            TransactionState.ROLLED_BACK,
            TransactionState.HEURISTIC);

    private static final Map<String, TransactionState> SHORT = Map.of(
            "mr", TransactionState.MARKED_ROLLBACK,
            "pr", TransactionState.PREPARING,
            "dd", TransactionState.DELEGATED,
            "cg", TransactionState.COMMITTING,
            "cd", TransactionState.COMMITTED,
            "rg", TransactionState.ROLLING_BACK,
            "rd", TransactionState.ROLLED_BACK,
            "he", TransactionState.HEURISTIC);

    /** The next state; a dot if it does not change. Columns are in the order of {@link #COLUMNS}. */
    private static final String TABLE = """
            event              ac  mr  pr  dc  dg  dd  re  cg  cd  rg  rd  he
            WriteRequested     .   .   .   .   .   .   .   .   .   .   .   .
            EnlistRequested    .   .   .   .   .   .   .   .   .   .   .   .
            WriteNotSent       mr  .   .   .   .   .   .   .   .   .   .   .
            WriteStaged        .   .   .   .   .   .   .   .   .   .   .   .
            WriteFailed        mr  .   rg  .   .   .   .   .   .   .   .   .
            PrepareRequested   pr  rg  .   .   .   .   .   .   .   .   .   .
            RollbackRequested  rg  rg  rg  .   .   .   .   .   .   .   .   .
            RollbackOnlyRequested mr . rg .   .   .   .   .   .   .   .   .
            ShutdownStarted    rg  rg  .   .   .   .   .   .   .   .   .   .
            Expired            rg  rg  .   .   .   .   .   .   .   .   .   .
            VoteArrived        .   .   .   .   .   .   .   .   .   .   .   .
            VotesOverdue       .   .   rd  .   .   .   .   .   .   .   .   .
            Recorded           .   .   .   cg  dd  .   .   .   .   .   .   .
            RecordRefused      .   .   .   rg  rg  .   .   .   .   .   .   .
            RecordRetryDue     .   .   .   .   .   .   .   .   .   .   .   .
            Recovered          .   .   .   .   .   .   .   .   .   .   .   .
            OnePhaseCommitted  .   .   .   .   .   cd  cd  .   .   .   .   .
            OnePhaseRefused    .   .   .   .   .   rd  rd  .   .   .   .   .
            Acknowledged       .   .   .   .   .   rd  rd  cd  .   rd  .   .
            Unanswered         .   .   .   .   .   .   .   .   .   rd  .   .
            Lost               .   .   .   .   .   rd  he  he  .   rd  .   .
            Contradicted       .   .   .   .   .   cd  cd  he  .   he  he  .
            Resolved           .   .   .   .   .   .   .   .   .   .   .   .
            GiveUpRequested    .   .   .   .   .   he  he  he  .   rd  .   .
            DiscardRequested   .   .   .   .   .   .   .   .   .   .   .   .
            ParticipantReturned .  .   .   .   .   .   .   .   .   .   .   .
            """;

    /** A record with the time of the decision, which the state machine reads. */
    private static final CoordinatorEvent.Recorded RECORDED = new CoordinatorEvent.Recorded(new TransactionRecord(
            new TransactionId(new UUID(3, 3)),
            State.COMMITTING,
            Outcome.COMMIT,
            Origin.ANONYMOUS,
            BEGUN,
            BEGUN,
            NOW,
            null,
            Cause.VOTED,
            null,
            List.of(),
            null));

    private static final Resolution RESOLUTION = new Resolution("alice", NOW, "booked by hand");

    /** One event of each kind, for the participant {@code a}. */
    private static final List<CoordinatorEvent> EVENTS = List.of(
            write("a"),
            new CoordinatorEvent.EnlistRequested("a", INSTANCE, INSTANCE, true, REQUEST),
            new CoordinatorEvent.WriteNotSent("a", "why"),
            new CoordinatorEvent.WriteStaged("a"),
            new CoordinatorEvent.WriteFailed("a", "why", false),
            new CoordinatorEvent.PrepareRequested(),
            new CoordinatorEvent.RollbackRequested(),
            new CoordinatorEvent.RollbackOnlyRequested("why"),
            new CoordinatorEvent.ShutdownStarted(),
            new CoordinatorEvent.Expired(),
            vote("a", Ballot.COMMIT),
            new CoordinatorEvent.VotesOverdue(),
            RECORDED,
            new CoordinatorEvent.RecordRefused("why"),
            new CoordinatorEvent.RecordRetryDue(),
            new CoordinatorEvent.Recovered(),
            new CoordinatorEvent.OnePhaseCommitted("a"),
            new CoordinatorEvent.OnePhaseRefused("a", Ballot.abort("why")),
            new CoordinatorEvent.Acknowledged("a"),
            new CoordinatorEvent.Unanswered("a", "why"),
            new CoordinatorEvent.Lost("a", OTHER_INSTANCE, "why"),
            new CoordinatorEvent.Contradicted("a", "why"),
            new CoordinatorEvent.Resolved(RESOLUTION),
            new CoordinatorEvent.GiveUpRequested("a", RESOLUTION),
            new CoordinatorEvent.DiscardRequested("a"),
            new CoordinatorEvent.ParticipantReturned("a"));

    static Stream<Arguments> pairs() {
        return TABLE.lines().skip(1).flatMap(line -> {
            List<String> cells = Arrays.asList(line.split(" +", -1));
            CoordinatorEvent event = EVENTS.stream()
                    .filter(e -> e.getClass().getSimpleName().equals(cells.getFirst()))
                    .findFirst()
                    .orElseThrow();
            List<Arguments> pairs = new ArrayList<>();
            for (int i = 0; i < COLUMNS.size(); i++) {
                TransactionState from = COLUMNS.get(i);
                String cell = cells.get(i + 1);
                TransactionState to = cell.equals(".") ? from : Objects.requireNonNull(SHORT.get(cell), cell);
                pairs.add(Arguments.of(from, event, to));
            }
            return pairs.stream();
        });
    }

    @Test
    void the_table_is_complete() {
        assertEquals(EnumSet.allOf(TransactionState.class), EnumSet.copyOf(COLUMNS));
        Set<Class<?>> kinds = new HashSet<>();
        EVENTS.forEach(e -> kinds.add(e.getClass()));
        assertEquals(Set.of(CoordinatorEvent.class.getPermittedSubclasses()), kinds);
        assertEquals((long) COLUMNS.size() * kinds.size(), pairs().count());
    }

    @ParameterizedTest(name = "{0} {1} -> {2}")
    @MethodSource("pairs")
    void every_event_in_every_state(TransactionState from, CoordinatorEvent event, TransactionState to) {
        Transaction before = in(from);
        assertEquals(from, before.state());
        Step step = MACHINE.apply(before, event, NOW);
        assertEquals(to, step.transaction().state());
        assertSound(before, step.transaction());
        // A duplicate is harmless.
        assertSound(
                step.transaction(),
                MACHINE.apply(step.transaction(), event, NOW).transaction());
    }

    /** Random events cause no exception and never change a decision. The seed is fixed. */
    @Test
    void any_events_in_any_order() {
        List<CoordinatorEvent> events = new ArrayList<>(EVENTS);
        events.add(write("b"));
        events.add(new CoordinatorEvent.WriteStaged("b"));
        events.add(new CoordinatorEvent.WriteFailed("b", "why", true));
        events.add(vote("b", Ballot.COMMIT));
        events.add(vote("b", Ballot.READ_ONLY));
        events.add(vote("b", Ballot.abort("why")));
        events.add(new CoordinatorEvent.Acknowledged("b"));
        events.add(new CoordinatorEvent.Unanswered("b", "why"));
        events.add(new CoordinatorEvent.Lost("b", OTHER_INSTANCE, "why"));
        events.add(new CoordinatorEvent.Contradicted("b", "why"));
        Random random = new Random(42);
        for (int walk = 0; walk < 5_000; walk++) {
            Transaction t = in(COLUMNS.get(random.nextInt(COLUMNS.size())));
            for (int i = 0; i < 30; i++) {
                Transaction next = MACHINE.apply(t, events.get(random.nextInt(events.size())), NOW)
                        .transaction();
                assertSound(t, next);
                t = next;
            }
        }
    }

    private static void assertSound(Transaction before, Transaction after) {
        if (before.decision() != Outcome.PENDING) {
            assertEquals(before.decision(), after.decision());
            assertEquals(before.decidedAt(), after.decidedAt());
        }
        if (before.state().isFinal()) {
            assertTrue(after.state().isFinal());
        }
        assertEquals(after.decision() != Outcome.PENDING, after.decidedAt() != null);
        assertEquals(after.state().isFinal(), after.finishedAt() != null);
        switch (after.state()) {
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, DELEGATED, RESOLVING ->
                assertEquals(Outcome.PENDING, after.decision());
            case COMMITTING, COMMITTED -> assertEquals(Outcome.COMMIT, after.decision());
            case ROLLING_BACK, ROLLED_BACK -> assertEquals(Outcome.ROLLBACK, after.decision());
            case HEURISTIC -> assertTrue(after.decision() != Outcome.PENDING);
        }
    }

    /** A transaction in this state that waits only for {@code a} after its decision. */
    private static Transaction in(TransactionState state) {
        return switch (state) {
            case ACTIVE -> staged("a", "b");
            case MARKED_ROLLBACK -> after(in(TransactionState.ACTIVE), new CoordinatorEvent.WriteNotSent("a", "why"));
            case PREPARING -> after(in(TransactionState.ACTIVE), new CoordinatorEvent.PrepareRequested());
            case DECIDING -> after(in(TransactionState.PREPARING), vote("a", Ballot.COMMIT), vote("b", Ballot.COMMIT));
            case DELEGATING -> after(onePhase(), new CoordinatorEvent.PrepareRequested());
            case DELEGATED -> after(in(TransactionState.DELEGATING), RECORDED);
            case RESOLVING -> resolving();
            case COMMITTING -> after(in(TransactionState.DECIDING), RECORDED, new CoordinatorEvent.Acknowledged("b"));
            case COMMITTED -> after(in(TransactionState.COMMITTING), new CoordinatorEvent.Acknowledged("a"));
            case ROLLING_BACK ->
                after(
                        in(TransactionState.ACTIVE),
                        new CoordinatorEvent.RollbackRequested(),
                        new CoordinatorEvent.Acknowledged("b"));
            case ROLLED_BACK -> after(in(TransactionState.ROLLING_BACK), new CoordinatorEvent.Unanswered("a", "why"));
            case HEURISTIC ->
                after(in(TransactionState.COMMITTING), new CoordinatorEvent.Lost("a", OTHER_INSTANCE, "why"));
        };
    }

    // Enlistment and rollback-only

    private static CoordinatorEvent.EnlistRequested enlist(String resourceManager, @Nullable UUID request) {
        return new CoordinatorEvent.EnlistRequested(resourceManager, INSTANCE, null, true, request);
    }

    private static int sequence(Step step) {
        return assertInstanceOf(WriteResult.Accepted.class, step.write()).sequence();
    }

    @Test
    void enlistments_and_writes_share_one_sequence() {
        Step first = step(begin(), enlist("a", REQUEST));
        assertEquals(1, sequence(first));
        Step write = step(first.transaction(), write("a"));
        assertEquals(2, sequence(write));
        Step again = step(write.transaction(), enlist("a", REQUEST));
        assertEquals(1, sequence(again));
        assertEquals(write.transaction(), again.transaction());
        Step other = step(again.transaction(), enlist("a", new UUID(5, 5)));
        assertEquals(3, sequence(other));
        assertEquals(4, sequence(step(other.transaction(), enlist("a", null))));
        assertEquals(1, sequence(step(other.transaction(), enlist("b", REQUEST))), "another participant");
        assertEquals(3, of(other.transaction(), "a").writes());
        assertEquals(1, of(other.transaction(), "a").writesInFlight());
    }

    @Test
    void an_enlisted_participant_votes_immediately_or_commits_in_one_phase() {
        Transaction two =
                after(begin(), enlist("a", REQUEST), enlist("b", null), new CoordinatorEvent.PrepareRequested());
        assertEquals(TransactionState.PREPARING, two.state());
        assertEquals(List.of(), of(two, "a").enlistments(), "a repeated call is refused from now on");
        Transaction one = after(begin(), enlist("a", REQUEST), new CoordinatorEvent.PrepareRequested());
        assertEquals(TransactionState.DELEGATING, one.state());
    }

    @Test
    void an_enlistment_by_another_instance_marks_the_transaction() {
        Step claimed =
                step(begin(), new CoordinatorEvent.EnlistRequested("a", INSTANCE, OTHER_INSTANCE, true, REQUEST));
        assertEquals(TransactionState.MARKED_ROLLBACK, claimed.transaction().state());
        assertInstanceOf(WriteResult.Refused.class, claimed.write());
        // After a new registration the earlier numbers are invalid, also for a repeated call.
        Transaction enlisted = after(begin(), enlist("a", REQUEST));
        Step restarted = step(
                enlisted, new CoordinatorEvent.EnlistRequested("a", OTHER_INSTANCE, OTHER_INSTANCE, true, REQUEST));
        assertEquals(TransactionState.MARKED_ROLLBACK, restarted.transaction().state());
        assertInstanceOf(WriteResult.Refused.class, restarted.write());
    }

    @Test
    void enlistments_are_limited() {
        Transaction t = begin();
        for (int i = 1; i <= MACHINE.writesMax(); i++) {
            t = after(t, enlist("a", new UUID(7, i)));
        }
        assertEquals(
                new WriteResult.Refused(WriteResult.Reason.TOO_MANY_WRITES),
                step(t, enlist("a", null)).write());
        assertEquals(1, sequence(step(t, enlist("a", new UUID(7, 1)))), "a repeated one is not counted");
        Transaction two = after(begin(), enlist("a", null), enlist("b", null));
        assertEquals(
                new WriteResult.Refused(WriteResult.Reason.TOO_MANY_PARTICIPANTS),
                step(two, enlist("c", null)).write());
    }

    @Test
    void only_the_latest_enlistments_are_remembered() {
        TwoPhaseCommit machine = new TwoPhaseCommit(2, 1_000);
        Transaction t = begin();
        for (int i = 1; i <= 150; i++) {
            t = machine.apply(t, enlist("a", new UUID(7, i)), NOW).transaction();
        }
        assertEquals(100, of(t, "a").enlistments().size());
        assertEquals(150, sequence(machine.apply(t, enlist("a", new UUID(7, 150)), NOW)));
        assertEquals(51, sequence(machine.apply(t, enlist("a", new UUID(7, 51)), NOW)));
        assertEquals(151, sequence(machine.apply(t, enlist("a", new UUID(7, 50)), NOW)));
    }

    @Test
    void rollback_only_keeps_its_reason_through_the_rollback() {
        Transaction marked = after(staged("a", "b"), new CoordinatorEvent.RollbackOnlyRequested("out of stock"));
        assertEquals(TransactionState.MARKED_ROLLBACK, marked.state());
        assertEquals(marked, after(marked, new CoordinatorEvent.RollbackOnlyRequested("later")));
        for (CoordinatorEvent end :
                List.of(new CoordinatorEvent.PrepareRequested(), new CoordinatorEvent.RollbackRequested())) {
            Step rolledBack = step(marked, end);
            assertEquals(TransactionState.ROLLING_BACK, rolledBack.transaction().state());
            assertEquals(Cause.ROLLBACK_ONLY, rolledBack.transaction().cause());
            assertEquals("out of stock", rolledBack.transaction().reason());
            assertEquals(List.of(rollBackNow("a"), rollBackNow("b")), rolledBack.effects());
        }
        Step voting = step(in(TransactionState.PREPARING), new CoordinatorEvent.RollbackOnlyRequested("out of stock"));
        assertEquals(Cause.ROLLBACK_ONLY, voting.transaction().cause());
        assertEquals(List.of(rollBackNow("a"), rollBackNow("b")), voting.effects());
    }

    // Scenarios

    @Test
    void all_vote_commit() {
        Step prepare = step(staged("a", "b"), new CoordinatorEvent.PrepareRequested());
        assertEquals(List.of(new StartVoteTimer(), new RequestVote("a"), new RequestVote("b")), prepare.effects());
        Step first = step(prepare.transaction(), vote("b", Ballot.COMMIT));
        assertEquals(List.of(), first.effects());
        Step second = step(first.transaction(), vote("a", Ballot.COMMIT));
        assertEquals(State.COMMITTING, forced(second).state());
        assertEquals(NOW, forced(second).decidedAt());
        assertEquals(Outcome.PENDING, second.transaction().decision());
        Step recorded = step(second.transaction(), RECORDED);
        assertEquals(List.of(commitNow("a"), commitNow("b")), recorded.effects());
        assertEquals(Outcome.COMMIT, recorded.transaction().decision());
        Transaction done = after(
                recorded.transaction(), new CoordinatorEvent.Acknowledged("a"), new CoordinatorEvent.Acknowledged("b"));
        assertEquals(TransactionState.COMMITTED, done.state());
        assertEquals(Cause.VOTED, done.cause());
        assertNull(done.reason());
        assertEquals(State.COMMITTED, of(done, "a").state());
        assertEquals(State.COMMITTED, of(done, "b").state());
    }

    @Test
    void a_commit_is_retried_until_it_is_acknowledged() {
        Transaction t = in(TransactionState.COMMITTING);
        for (int tries = 1; tries <= 20; tries++) {
            Step step = step(t, new CoordinatorEvent.Unanswered("a", "why"));
            assertEquals(List.of(new Deliver("a", Outcome.COMMIT, Timing.AFTER_PAUSE)), step.effects());
            t = step.transaction();
        }
        assertEquals(
                TransactionState.COMMITTED,
                after(t, new CoordinatorEvent.Acknowledged("a")).state());
    }

    @Test
    void a_vote_to_abort_rolls_back_the_others() {
        Step abort = step(in(TransactionState.PREPARING), vote("a", Ballot.abort("no")));
        assertEquals(List.of(rollBackNow("a"), rollBackNow("b")), abort.effects());
        assertEquals(Outcome.ROLLBACK, abort.transaction().decision());
        assertEquals(Cause.VOTE_ABORT, abort.transaction().cause());
        assertEquals("a voted ABORT: no", abort.transaction().reason());
        Transaction done = after(
                abort.transaction(), new CoordinatorEvent.Acknowledged("a"), new CoordinatorEvent.Acknowledged("b"));
        assertEquals(TransactionState.ROLLED_BACK, done.state());
        assertEquals(State.ROLLED_BACK, of(done, "b").state());
    }

    /** The rollback may have overtaken the prepare message, so the vote may not be the reason of the rollback. */
    @Test
    void a_vote_to_abort_after_the_decision_to_roll_back_does_not_count() {
        Transaction rollingBack = after(in(TransactionState.PREPARING), vote("a", Ballot.abort("no")));
        Transaction rolledBack =
                after(rollingBack, new CoordinatorEvent.Acknowledged("a"), new CoordinatorEvent.Acknowledged("b"));
        for (Transaction before : List.of(rollingBack, rolledBack)) {
            Participant late = of(after(before, vote("b", Ballot.abort("nothing is staged"))), "b");
            assertNull(late.ballot());
            assertNull(late.reason());
            assertEquals(
                    Ballot.COMMIT,
                    of(after(before, vote("b", Ballot.COMMIT)), "b").ballot());
            Ballot missing = Ballot.abortFor(VoteCause.TIMEOUT, "it did not answer in time");
            assertEquals(missing, of(after(before, vote("b", missing)), "b").ballot());
        }
    }

    @Test
    void a_rollback_does_not_wait_for_an_unresponsive_participant() {
        Step abort = step(in(TransactionState.PREPARING), vote("a", Ballot.abortFor(VoteCause.UNREACHABLE, "no way")));
        assertEquals(Cause.VOTE_UNREACHABLE, abort.transaction().cause());
        assertEquals(TransactionState.ROLLING_BACK, abort.transaction().state());
        assertEquals(
                TransactionState.ROLLED_BACK,
                after(abort.transaction(), new CoordinatorEvent.Acknowledged("b"))
                        .state());
    }

    @Test
    void a_read_only_participant_gets_no_outcome() {
        Transaction voted = after(in(TransactionState.PREPARING), vote("b", Ballot.READ_ONLY));
        Step recorded = step(after(voted, vote("a", Ballot.COMMIT)), RECORDED);
        assertEquals(List.of(commitNow("a")), recorded.effects());
        assertEquals(
                TransactionState.COMMITTED,
                after(recorded.transaction(), new CoordinatorEvent.Acknowledged("a"))
                        .state());
        Step abort = step(voted, vote("a", Ballot.abort("no")));
        assertEquals(List.of(rollBackNow("a")), abort.effects());
    }

    @Test
    void a_read_only_transaction_commits_immediately() {
        Step recorded = step(
                after(in(TransactionState.PREPARING), vote("a", Ballot.READ_ONLY), vote("b", Ballot.READ_ONLY)),
                RECORDED);
        assertEquals(List.of(), messages(recorded));
        assertEquals(TransactionState.COMMITTED, recorded.transaction().state());
    }

    @Test
    void an_empty_transaction_commits_immediately() {
        Step prepare = step(begin(), new CoordinatorEvent.PrepareRequested());
        assertEquals(State.COMMITTING, forced(prepare).state());
        Step recorded = step(prepare.transaction(), RECORDED);
        assertEquals(List.of(), messages(recorded));
        assertEquals(TransactionState.COMMITTED, recorded.transaction().state());
        assertEquals(Cause.EMPTY, recorded.transaction().cause());
        assertEquals(
                TransactionState.ROLLED_BACK,
                after(begin(), new CoordinatorEvent.RollbackRequested()).state());
    }

    @Test
    void the_vote_is_requested_after_the_last_write_is_answered() {
        Transaction writing = after(staged("a", "b"), write("a"), write("a"));
        Step prepare = step(writing, new CoordinatorEvent.PrepareRequested());
        assertEquals(List.of(new StartVoteTimer(), new RequestVote("b")), prepare.effects());
        Step one = step(prepare.transaction(), new CoordinatorEvent.WriteStaged("a"));
        assertEquals(List.of(), one.effects());
        Step two = step(one.transaction(), new CoordinatorEvent.WriteStaged("a"));
        assertEquals(List.of(new RequestVote("a")), two.effects());
        Step failed = step(one.transaction(), new CoordinatorEvent.WriteFailed("a", "why", false));
        assertEquals(Cause.WRITE_FAILED, failed.transaction().cause());
        assertEquals(Outcome.ROLLBACK, failed.transaction().decision());
        Step overdue = step(one.transaction(), new CoordinatorEvent.VotesOverdue());
        assertEquals(Cause.VOTE_TIMEOUT, overdue.transaction().cause());
        assertEquals("a and b did not vote in time", overdue.transaction().reason());
        assertEquals(List.of(rollBackNow("a"), rollBackNow("b")), messages(overdue));
    }

    @Test
    void all_participants_without_a_vote_are_named_when_the_first_request_for_a_vote_times_out() {
        var machine = new TwoPhaseCommit(4, 10);
        var timeout = vote("a", Ballot.abortFor(VoteCause.TIMEOUT, "it did not answer in time"));
        Transaction t = begin();
        for (String name : List.of("a", "b", "c", "d")) {
            t = machine.apply(t, write(name), NOW).transaction();
            t = after(t, new CoordinatorEvent.WriteStaged(name));
        }
        t = after(t, new CoordinatorEvent.PrepareRequested(), vote("b", Ballot.COMMIT));
        assertEquals(Cause.VOTE_TIMEOUT, after(t, timeout).cause());
        assertEquals("a, c and d did not vote in time", after(t, timeout).reason());
        assertEquals(
                "a, c and d did not vote in time",
                after(t, new CoordinatorEvent.VotesOverdue()).reason());
        t = after(t, vote("c", Ballot.COMMIT), vote("d", Ballot.COMMIT));
        assertEquals(
                "a did not vote: it did not answer in time", after(t, timeout).reason());
    }

    @Test
    void a_write_in_flight_prevents_one_phase_commit() {
        Step prepare = step(
                after(onePhase(), new CoordinatorEvent.WriteRequested("a", INSTANCE, true, false)),
                new CoordinatorEvent.PrepareRequested());
        assertEquals(TransactionState.PREPARING, prepare.transaction().state());
        assertEquals(List.of(new StartVoteTimer()), prepare.effects());
    }

    @Test
    void a_write_staged_after_the_rollback_is_refused() {
        Transaction t = after(staged("a", "b"), write("a"), new CoordinatorEvent.RollbackRequested());
        assertEquals(
                new WriteResult.Refused(WriteResult.Reason.WRONG_STATE),
                step(t, new CoordinatorEvent.WriteStaged("a")).write());
    }

    @Test
    void a_vote_of_another_instance_counts_as_abort() {
        Step step = step(
                in(TransactionState.PREPARING), new CoordinatorEvent.VoteArrived("a", OTHER_INSTANCE, Ballot.COMMIT));
        assertEquals(Outcome.ROLLBACK, step.transaction().decision());
        assertEquals(Cause.INSTANCE_CHANGED, step.transaction().cause());
    }

    @Test
    void a_write_to_another_instance_marks_rollback() {
        Step step = step(staged("a", "b"), new CoordinatorEvent.WriteRequested("a", OTHER_INSTANCE, false, false));
        assertEquals(TransactionState.MARKED_ROLLBACK, step.transaction().state());
        assertEquals(new WriteResult.Refused(WriteResult.Reason.WRONG_STATE), step.write());
    }

    @Test
    void a_failed_write_is_never_committed() {
        Transaction t = after(staged("a", "b"), write("a"), new CoordinatorEvent.WriteFailed("a", "full", false));
        Step prepare = step(t, new CoordinatorEvent.PrepareRequested());
        assertEquals(Outcome.ROLLBACK, prepare.transaction().decision());
        assertEquals(Cause.WRITE_FAILED, prepare.transaction().cause());
        assertEquals("a write to a failed: full", prepare.transaction().reason());
    }

    @Test
    void a_lost_participant_makes_a_commit_heuristic() {
        Transaction t =
                after(in(TransactionState.DECIDING), RECORDED, new CoordinatorEvent.Lost("a", OTHER_INSTANCE, "gone"));
        assertEquals(TransactionState.COMMITTING, t.state());
        Transaction done = after(t, new CoordinatorEvent.Acknowledged("b"));
        assertEquals(TransactionState.HEURISTIC, done.state());
        assertEquals(Outcome.COMMIT, done.decision());
        assertEquals(Cause.LOST, done.cause());
        assertEquals(State.HEURISTIC, of(done, "a").state());
        assertEquals(State.COMMITTED, of(done, "b").state());
    }

    @Test
    void a_refused_record_rolls_back() {
        Step step = step(in(TransactionState.DECIDING), new CoordinatorEvent.RecordRefused("full"));
        assertEquals(List.of(rollBackNow("a"), rollBackNow("b")), step.effects());
        assertEquals(Cause.LOG_REFUSED, step.transaction().cause());
    }

    @Test
    void a_refused_record_is_retried_with_the_present_state() {
        Transaction t = after(in(TransactionState.DECIDING), RECORDED, giveUp("a"));
        Step refused = step(t, new CoordinatorEvent.RecordRefused("full"));
        assertEquals(List.of(new CoordinatorEffect.RetryRecord()), refused.effects());
        Transaction newer = after(refused.transaction(), giveUp("b"));
        assertEquals(TransactionRecord.of(newer), forced(step(newer, new CoordinatorEvent.RecordRetryDue())));
    }

    private static CoordinatorEvent giveUp(String resourceManager) {
        return new CoordinatorEvent.GiveUpRequested(resourceManager, RESOLUTION);
    }

    @Test
    void one_phase_commit() {
        Step prepare = step(onePhase(), new CoordinatorEvent.PrepareRequested());
        assertEquals(State.PREPARING, forced(prepare).state());
        assertTrue(forced(prepare).isOpen());
        Step recorded = step(prepare.transaction(), RECORDED);
        assertEquals(List.of(new CoordinatorEffect.CommitOnePhase("a")), recorded.effects());
        assertEquals(Outcome.PENDING, recorded.transaction().decision());
        Transaction done = after(recorded.transaction(), new CoordinatorEvent.OnePhaseCommitted("a"));
        assertEquals(TransactionState.COMMITTED, done.state());
        assertEquals(Cause.ONE_PHASE, done.cause());
        assertEquals(State.COMMITTED, of(done, "a").state());
    }

    @Test
    void one_phase_commit_is_refused() {
        Step step = step(in(TransactionState.DELEGATED), new CoordinatorEvent.OnePhaseRefused("a", Ballot.abort("no")));
        assertEquals(TransactionState.ROLLED_BACK, step.transaction().state());
        assertEquals(Cause.VOTE_ABORT, step.transaction().cause());
        assertEquals("a refused: no", step.transaction().reason());
        assertEquals(List.of(), messages(step));
    }

    @Test
    void a_lost_answer_to_one_phase_commit_is_resolved_by_rollback() {
        Step silent = step(in(TransactionState.DELEGATED), new CoordinatorEvent.Unanswered("a", "timeout"));
        assertEquals(List.of(rollBackNow("a")), silent.effects());
        assertEquals(Outcome.PENDING, silent.transaction().decision());
        // Retried without limit, since only the participant knows the outcome.
        Step again = silent;
        for (int i = 0; i < 10; i++) {
            again = step(again.transaction(), new CoordinatorEvent.Unanswered("a", "timeout"));
            assertEquals(List.of(new Deliver("a", Outcome.ROLLBACK, Timing.AFTER_PAUSE)), again.effects());
        }
        Transaction rolledBack = after(again.transaction(), new CoordinatorEvent.Acknowledged("a"));
        assertEquals(TransactionState.ROLLED_BACK, rolledBack.state());
        assertEquals(Outcome.ROLLBACK, rolledBack.decision());
        Transaction committed = after(again.transaction(), new CoordinatorEvent.Contradicted("a", "had committed"));
        assertEquals(TransactionState.COMMITTED, committed.state());
        assertEquals(Outcome.COMMIT, committed.decision());
        assertNull(committed.reason());
    }

    @Test
    void an_unanswered_rollback_ends_the_transaction_and_its_retries_may_be_dropped() {
        Step step = step(staged("a"), new CoordinatorEvent.RollbackRequested());
        assertEquals(List.of(rollBackNow("a")), step.effects());
        for (int i = 0; i < 3; i++) {
            step = step(step.transaction(), new CoordinatorEvent.Unanswered("a", "why"));
            assertEquals(List.of(new Deliver("a", Outcome.ROLLBACK, Timing.AFTER_PAUSE_OR_DROP)), messages(step));
            assertEquals(TransactionState.ROLLED_BACK, step.transaction().state());
        }
        assertEquals(
                State.ROLLED_BACK,
                of(after(step.transaction(), new CoordinatorEvent.Acknowledged("a")), "a")
                        .state());
    }

    @Test
    void a_duplicate_answer_to_a_write_changes_nothing() {
        Transaction t = staged("a", "b");
        assertEquals(t, after(t, new CoordinatorEvent.WriteStaged("a")));
        Transaction preparing = in(TransactionState.PREPARING);
        assertEquals(
                List.of(),
                step(preparing, new CoordinatorEvent.WriteStaged("a")).effects());
    }

    @Test
    void the_end_and_each_change_of_it_are_recorded_once() {
        Step ended = step(in(TransactionState.COMMITTING), new CoordinatorEvent.Acknowledged("a"));
        assertEquals(List.of(State.COMMITTED), ends(ended));
        assertEquals(List.of(), ends(step(ended.transaction(), new CoordinatorEvent.Acknowledged("a"))));
        Step contradicted = step(in(TransactionState.ROLLED_BACK), new CoordinatorEvent.Contradicted("a", "why"));
        assertEquals(List.of(State.HEURISTIC), ends(contradicted));
        Step resolved = step(contradicted.transaction(), new CoordinatorEvent.Resolved(RESOLUTION));
        assertEquals(List.of(State.HEURISTIC), ends(resolved));
        assertEquals(List.of(), ends(step(resolved.transaction(), new CoordinatorEvent.Resolved(RESOLUTION))));
    }

    @ParameterizedTest
    @EnumSource(
            value = TransactionState.class,
            names = {"COMMITTING", "COMMITTED", "ROLLED_BACK", "HEURISTIC"})
    void a_recorded_transaction_is_recovered_as_it_was(TransactionState state) {
        Transaction before = in(state);
        Transaction after = Transaction.recover(TransactionRecord.of(before));
        assertEquals(TransactionRecord.of(before), TransactionRecord.of(after));
        assertEquals(before.state(), after.state());
    }

    @Test
    void an_inconsistent_record_is_not_recovered() {
        TransactionRecord r = TransactionRecord.of(in(TransactionState.COMMITTING));
        for (Outcome wrong : List.of(Outcome.ROLLBACK, Outcome.PENDING)) {
            TransactionRecord contradictory = new TransactionRecord(
                    r.id(),
                    r.state(),
                    wrong,
                    r.origin(),
                    r.startedAt(),
                    r.expiresAt(),
                    r.decidedAt(),
                    r.finishedAt(),
                    r.cause(),
                    r.reason(),
                    r.participants(),
                    r.resolution());
            assertThrows(IllegalArgumentException.class, () -> Transaction.recover(contradictory));
        }
    }

    @Test
    void writes_and_participants_are_limited() {
        Transaction two = staged("a", "b");
        assertEquals(
                new WriteResult.Refused(WriteResult.Reason.TOO_MANY_PARTICIPANTS),
                step(two, write("c")).write());
        Step third = step(two, write("a"));
        assertEquals(new WriteResult.Accepted(2), third.write());
        Step fourth = step(third.transaction(), write("b"));
        assertEquals(new WriteResult.Accepted(2), fourth.write());
        Step fifth = step(fourth.transaction(), write("a"));
        assertEquals(new WriteResult.Refused(WriteResult.Reason.TOO_MANY_WRITES), fifth.write());
        assertEquals(fourth.transaction(), fifth.transaction());
    }

    @Test
    void a_recovered_commit_is_sent_to_participants_that_have_not_acknowledged() {
        Transaction t = after(in(TransactionState.COMMITTING), new CoordinatorEvent.Recovered());
        assertEquals(
                List.of(new Deliver("a", Outcome.COMMIT, Timing.AFTER_PAUSE)),
                step(t, new CoordinatorEvent.Recovered()).effects());
    }

    @Test
    void a_recovered_delegation_is_resolved_by_rollback() {
        assertEquals(
                List.of(new Deliver("a", Outcome.ROLLBACK, Timing.AFTER_PAUSE)),
                step(resolving(), new CoordinatorEvent.Recovered()).effects());
        assertEquals(
                List.of(new Deliver("a", Outcome.ROLLBACK, Timing.AFTER_PAUSE)),
                step(resolving(), new CoordinatorEvent.Unanswered("a", "why")).effects(),
                "retried without limit");
        assertEquals(
                TransactionState.COMMITTED,
                after(resolving(), new CoordinatorEvent.Contradicted("a", "it had committed"))
                        .state());
    }

    @Test
    void a_recovered_delegation_to_a_lost_participant_is_heuristic() {
        Transaction t = after(resolving(), new CoordinatorEvent.Lost("a", OTHER_INSTANCE, "another instance"));
        assertEquals(TransactionState.HEURISTIC, t.state());
        assertEquals(State.HEURISTIC, of(t, "a").state());
    }

    /** A participant remembers outcomes for a limited time, so it may have committed. */
    @Test
    void a_delegation_is_heuristic_if_the_same_instance_no_longer_knows_the_transaction() {
        Transaction unanswered =
                after(in(TransactionState.DELEGATED), new CoordinatorEvent.Unanswered("a", "no answer"));
        assertEquals(
                TransactionState.HEURISTIC,
                after(unanswered, new CoordinatorEvent.Lost("a", INSTANCE, "it answered 404"))
                        .state());
        assertEquals(
                TransactionState.ROLLED_BACK,
                after(unanswered, new CoordinatorEvent.Lost("a", OTHER_INSTANCE, "another instance"))
                        .state());
    }

    @Test
    void an_operator_rolls_back_with_a_reason() {
        Transaction t =
                after(staged("a"), new CoordinatorEvent.RollbackRequested(Cause.OPERATOR, "the client is gone"));
        assertEquals(Cause.OPERATOR, t.cause());
        assertEquals("the client is gone", t.reason());
        assertEquals(TransactionState.ROLLING_BACK, t.state());
    }

    @Test
    void a_heuristic_outcome_is_resolved_once_and_unresolved_again_if_another_participant_contradicts() {
        Transaction heuristic = in(TransactionState.HEURISTIC);
        Transaction resolved = after(heuristic, new CoordinatorEvent.Resolved(RESOLUTION));
        assertEquals(RESOLUTION, resolved.resolution());
        assertEquals(
                RESOLUTION,
                after(resolved, new CoordinatorEvent.Resolved(new Resolution("bob", NOW, "me too")))
                        .resolution());

        Transaction both = after(
                staged("a", "b"),
                new CoordinatorEvent.RollbackRequested(),
                new CoordinatorEvent.Unanswered("b", "silent"),
                new CoordinatorEvent.Contradicted("a", "had committed"),
                new CoordinatorEvent.Resolved(RESOLUTION));
        assertEquals(RESOLUTION, both.resolution());
        assertNull(after(both, new CoordinatorEvent.Contradicted("b", "had committed too"))
                .resolution());
        assertNull(after(in(TransactionState.COMMITTED), new CoordinatorEvent.Resolved(RESOLUTION))
                .resolution());
    }

    // Helpers

    private static Deliver commitNow(String resourceManager) {
        return new Deliver(resourceManager, Outcome.COMMIT, Timing.NOW);
    }

    private static Deliver rollBackNow(String resourceManager) {
        return new Deliver(resourceManager, Outcome.ROLLBACK, Timing.NOW);
    }

    /** Returns the forced record, which must be the only effect. */
    private static TransactionRecord forced(Step step) {
        assertEquals(1, step.effects().size());
        Persist persist = assertInstanceOf(Persist.class, step.effects().getFirst());
        assertEquals(Durability.FORCED, persist.durability());
        return persist.record();
    }

    /** The states of the records that are appended lazily. */
    private static List<State> ends(Step step) {
        return step.effects().stream()
                .filter(effect -> effect instanceof Persist persist && persist.durability() == Durability.LAZY)
                .map(effect -> ((Persist) effect).record().state())
                .toList();
    }

    /** Returns all effects except records. */
    private static List<CoordinatorEffect> messages(Step step) {
        return step.effects().stream()
                .filter(effect -> !(effect instanceof Persist))
                .toList();
    }

    /** Returns the transaction as recovered from the log. */
    private static Transaction resolving() {
        Transaction t = in(TransactionState.DELEGATED);
        return new Transaction(
                t.id(),
                t.origin(),
                TransactionState.RESOLVING,
                t.decision(),
                t.startedAt(),
                t.expiresAt(),
                t.decidedAt(),
                t.finishedAt(),
                t.cause(),
                t.reason(),
                t.participants(),
                t.resolution());
    }

    private static Transaction begin() {
        return Transaction.begin(new TransactionId(new UUID(0, 1)), Origin.ANONYMOUS, BEGUN, BEGUN.plusSeconds(60));
    }

    private static Transaction staged(String... resourceManagers) {
        Transaction t = begin();
        for (String resourceManager : resourceManagers) {
            t = after(t, write(resourceManager), new CoordinatorEvent.WriteStaged(resourceManager));
        }
        return t;
    }

    private static Transaction onePhase() {
        return after(
                begin(),
                new CoordinatorEvent.WriteRequested("a", INSTANCE, true, false),
                new CoordinatorEvent.WriteStaged("a"));
    }

    private static CoordinatorEvent write(String resourceManager) {
        return new CoordinatorEvent.WriteRequested(resourceManager, INSTANCE, false, false);
    }

    private static CoordinatorEvent vote(String resourceManager, Ballot ballot) {
        return new CoordinatorEvent.VoteArrived(resourceManager, INSTANCE, ballot);
    }

    private static Step step(Transaction t, CoordinatorEvent event) {
        return MACHINE.apply(t, event, NOW);
    }

    private static Transaction after(Transaction t, CoordinatorEvent... events) {
        Transaction last = t;
        for (CoordinatorEvent event : events) {
            last = step(last, event).transaction();
        }
        return last;
    }

    private static Participant of(Transaction t, String resourceManager) {
        return Objects.requireNonNull(t.participant(resourceManager));
    }
}
