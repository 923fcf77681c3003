package dtc.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.coordinator.Effect.Refusal;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TwoPhaseCommitTest {

    private static final TwoPhaseCommit MACHINE = new TwoPhaseCommit(2, 4, 3);
    private static final Instant BEGUN = Instant.parse("2026-01-01T00:00:00Z");
    private static final Instant NOW = BEGUN.plusSeconds(1);
    private static final UUID INSTANCE = new UUID(1, 1);
    private static final UUID OTHER_INSTANCE = new UUID(2, 2);

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

    /** The state that follows; a dot where it stays. Columns in the order of {@link #COLUMNS}. */
    private static final String TABLE = """
            event              ac  mr  pr  dc  dg  dd  re  cg  cd  rg  rd  he
            WriteRequested     .   .   .   .   .   .   .   .   .   .   .   .
            WriteImpossible    mr  .   .   .   .   .   .   .   .   .   .   .
            WriteStaged        .   .   .   .   .   .   .   .   .   .   .   .
            WriteFailed        mr  .   rg  .   .   .   .   .   .   .   .   .
            PrepareRequested   pr  rg  .   .   .   .   .   .   .   .   .   .
            RollbackRequested  rg  rg  rg  .   .   .   .   .   .   .   .   .
            ShutDown           rg  rg  .   .   .   .   .   .   .   .   .   .
            Expired            rg  rg  .   .   .   .   .   .   .   .   .   .
            VoteArrived        .   .   .   .   .   .   .   .   .   .   .   .
            VotesOverdue       .   .   rd  .   .   .   .   .   .   .   .   .
            Recorded           .   .   .   cg  dd  .   .   .   .   .   .   .
            RecordRefused      .   .   .   rg  rg  .   .   .   .   .   .   .
            Recovered          .   .   .   .   .   .   .   .   .   .   .   .
            OnePhaseCommitted  .   .   .   .   .   cd  cd  .   .   .   .   .
            OnePhaseRefused    .   .   .   .   .   rd  rd  .   .   .   .   .
            Acknowledged       .   .   .   .   .   rd  rd  cd  .   rd  .   .
            Unanswered         .   .   .   .   .   .   .   .   .   rd  .   .
            Lost               .   .   .   .   .   rd  he  he  .   rd  .   .
            Contradicted       .   .   .   .   .   cd  cd  he  .   he  he  .
            Resolved           .   .   .   .   .   .   .   .   .   .   .   .
            """;

    private static final Resolution RESOLUTION = new Resolution("alice", NOW, "booked by hand");

    /** One of each kind, all of the participant {@code a}. */
    private static final List<Event> EVENTS = List.of(
            write("a"),
            new Event.WriteImpossible("a", "why"),
            new Event.WriteStaged("a"),
            new Event.WriteFailed("a", "why", false),
            new Event.PrepareRequested(),
            new Event.RollbackRequested(),
            new Event.ShutDown(),
            new Event.Expired(),
            vote("a", Ballot.COMMIT),
            new Event.VotesOverdue(),
            new Event.Recorded(NOW),
            new Event.RecordRefused("why"),
            new Event.Recovered(),
            new Event.OnePhaseCommitted("a"),
            new Event.OnePhaseRefused("a", Ballot.abort("why")),
            new Event.Acknowledged("a"),
            new Event.Unanswered("a", "why"),
            new Event.Lost("a", "why"),
            new Event.Contradicted("a", "why"),
            new Event.Resolved(RESOLUTION));

    static Stream<Arguments> pairs() {
        return TABLE.lines().skip(1).flatMap(line -> {
            List<String> cells = Arrays.asList(line.split(" +", -1));
            Event event = EVENTS.stream()
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
    void theTableIsWhole() {
        assertEquals(EnumSet.allOf(TransactionState.class), EnumSet.copyOf(COLUMNS));
        Set<Class<?>> kinds = new HashSet<>();
        EVENTS.forEach(e -> kinds.add(e.getClass()));
        assertEquals(Set.of(Event.class.getPermittedSubclasses()), kinds);
        assertEquals((long) COLUMNS.size() * kinds.size(), pairs().count());
    }

    @ParameterizedTest(name = "{0} {1} -> {2}")
    @MethodSource("pairs")
    void everyEventInEveryState(TransactionState from, Event event, TransactionState to) {
        Transaction before = in(from);
        assertEquals(from, before.state());
        Step step = MACHINE.apply(before, event, NOW);
        assertEquals(to, step.transaction().state());
        assertSound(before, step.transaction());
        // Doubled, it does no harm either.
        assertSound(
                step.transaction(),
                MACHINE.apply(step.transaction(), event, NOW).transaction());
    }

    /** Any events in any order: no exception, no change of mind. The seed is fixed. */
    @Test
    void manyOrders() {
        List<Event> events = new ArrayList<>(EVENTS);
        events.add(write("b"));
        events.add(new Event.WriteStaged("b"));
        events.add(new Event.WriteFailed("b", "why", true));
        events.add(vote("b", Ballot.COMMIT));
        events.add(vote("b", Ballot.READ_ONLY));
        events.add(vote("b", Ballot.abort("why")));
        events.add(new Event.Acknowledged("b"));
        events.add(new Event.Unanswered("b", "why"));
        events.add(new Event.Lost("b", "why"));
        events.add(new Event.Contradicted("b", "why"));
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

    /** A transaction in that state, which depends on nobody but {@code a} from its decision on. */
    private static Transaction in(TransactionState state) {
        return switch (state) {
            case ACTIVE -> staged("a", "b");
            case MARKED_ROLLBACK -> after(in(TransactionState.ACTIVE), new Event.WriteImpossible("a", "why"));
            case PREPARING -> after(in(TransactionState.ACTIVE), new Event.PrepareRequested());
            case DECIDING -> after(in(TransactionState.PREPARING), vote("a", Ballot.COMMIT), vote("b", Ballot.COMMIT));
            case DELEGATING -> after(onePhase(), new Event.PrepareRequested());
            case DELEGATED -> after(in(TransactionState.DELEGATING), new Event.Recorded(NOW));
            case RESOLVING -> resolving();
            case COMMITTING ->
                after(in(TransactionState.DECIDING), new Event.Recorded(NOW), new Event.Acknowledged("b"));
            case COMMITTED -> after(in(TransactionState.COMMITTING), new Event.Acknowledged("a"));
            case ROLLING_BACK ->
                after(in(TransactionState.ACTIVE), new Event.RollbackRequested(), new Event.Acknowledged("b"));
            case ROLLED_BACK -> after(in(TransactionState.ROLLING_BACK), new Event.Unanswered("a", "why"));
            case HEURISTIC -> after(in(TransactionState.COMMITTING), new Event.Lost("a", "why"));
        };
    }

    // Stories

    @Test
    void allCommit() {
        Step prepare = step(staged("a", "b"), new Event.PrepareRequested());
        assertEquals(
                List.of(new Effect.LimitVoting(), new Effect.AskVote("a"), new Effect.AskVote("b")), prepare.effects());
        Step first = step(prepare.transaction(), vote("b", Ballot.COMMIT));
        assertEquals(List.of(), first.effects());
        Step second = step(first.transaction(), vote("a", Ballot.COMMIT));
        assertEquals(List.of(new Effect.RecordCommit()), second.effects());
        assertEquals(Outcome.PENDING, second.transaction().decision());
        Step recorded = step(second.transaction(), new Event.Recorded(NOW));
        assertEquals(List.of(new Effect.SendCommit("a", 0), new Effect.SendCommit("b", 0)), recorded.effects());
        assertEquals(Outcome.COMMIT, recorded.transaction().decision());
        Transaction done = after(recorded.transaction(), new Event.Acknowledged("a"), new Event.Acknowledged("b"));
        assertEquals(TransactionState.COMMITTED, done.state());
        assertEquals(Cause.VOTED, done.cause());
        assertNull(done.reason());
        assertEquals(State.COMMITTED, of(done, "a").state());
        assertEquals(State.COMMITTED, of(done, "b").state());
    }

    @Test
    void aCommitIsToldUntilAcknowledged() {
        Transaction t = in(TransactionState.COMMITTING);
        for (int tries = 1; tries <= 20; tries++) {
            Step step = step(t, new Event.Unanswered("a", "why"));
            assertEquals(List.of(new Effect.SendCommit("a", tries)), step.effects());
            t = step.transaction();
        }
        assertEquals(
                TransactionState.COMMITTED,
                after(t, new Event.Acknowledged("a")).state());
    }

    @Test
    void anAbortRollsBackTheOthers() {
        Step abort = step(in(TransactionState.PREPARING), vote("a", Ballot.abort("no")));
        assertEquals(List.of(new Effect.SendRollback("a", 0), new Effect.SendRollback("b", 0)), abort.effects());
        assertEquals(Outcome.ROLLBACK, abort.transaction().decision());
        assertEquals(Cause.VOTE_ABORT, abort.transaction().cause());
        assertEquals("a voted abort: no", abort.transaction().reason());
        Transaction done = after(abort.transaction(), new Event.Acknowledged("a"), new Event.Acknowledged("b"));
        assertEquals(TransactionState.ROLLED_BACK, done.state());
        assertEquals(State.ROLLED_BACK, of(done, "b").state());
    }

    @Test
    void whoDidNotAnswerIsNotWaitedFor() {
        Step abort = step(in(TransactionState.PREPARING), vote("a", Ballot.abortFor(VoteCause.UNREACHABLE, "no way")));
        assertEquals(Cause.VOTE_UNREACHABLE, abort.transaction().cause());
        assertEquals(TransactionState.ROLLING_BACK, abort.transaction().state());
        assertEquals(
                TransactionState.ROLLED_BACK,
                after(abort.transaction(), new Event.Acknowledged("b")).state());
    }

    @Test
    void aReadOnlyParticipantIsLeftOut() {
        Transaction voted = after(in(TransactionState.PREPARING), vote("b", Ballot.READ_ONLY));
        Step recorded = step(after(voted, vote("a", Ballot.COMMIT)), new Event.Recorded(NOW));
        assertEquals(List.of(new Effect.SendCommit("a", 0)), recorded.effects());
        assertEquals(
                TransactionState.COMMITTED,
                after(recorded.transaction(), new Event.Acknowledged("a")).state());
        Step abort = step(voted, vote("a", Ballot.abort("no")));
        assertEquals(List.of(new Effect.SendRollback("a", 0)), abort.effects());
    }

    @Test
    void allReadOnlyCommitsAtOnce() {
        Step recorded = step(
                after(in(TransactionState.PREPARING), vote("a", Ballot.READ_ONLY), vote("b", Ballot.READ_ONLY)),
                new Event.Recorded(NOW));
        assertEquals(List.of(), recorded.effects());
        assertEquals(TransactionState.COMMITTED, recorded.transaction().state());
    }

    @Test
    void anEmptyTransactionCommitsAtOnce() {
        Step prepare = step(begin(), new Event.PrepareRequested());
        assertEquals(List.of(new Effect.RecordCommit()), prepare.effects());
        Step recorded = step(prepare.transaction(), new Event.Recorded(NOW));
        assertEquals(List.of(), recorded.effects());
        assertEquals(TransactionState.COMMITTED, recorded.transaction().state());
        assertEquals(Cause.EMPTY, recorded.transaction().cause());
        assertEquals(
                TransactionState.ROLLED_BACK,
                after(begin(), new Event.RollbackRequested()).state());
    }

    @Test
    void aWriteUnderWayHoldsBackTheVote() {
        Transaction writing = after(staged("a", "b"), write("a"), write("a"));
        Step prepare = step(writing, new Event.PrepareRequested());
        assertEquals(List.of(new Effect.LimitVoting(), new Effect.AskVote("b")), prepare.effects());
        Step one = step(prepare.transaction(), new Event.WriteStaged("a"));
        assertEquals(List.of(), one.effects());
        Step two = step(one.transaction(), new Event.WriteStaged("a"));
        assertEquals(List.of(new Effect.AskVote("a")), two.effects());
        Step failed = step(one.transaction(), new Event.WriteFailed("a", "why", false));
        assertEquals(Cause.WRITE_FAILED, failed.transaction().cause());
        assertEquals(Outcome.ROLLBACK, failed.transaction().decision());
        Step overdue = step(one.transaction(), new Event.VotesOverdue());
        assertEquals(Cause.VOTE_TIMEOUT, overdue.transaction().cause());
        assertEquals(List.of(new Effect.SendRollback("a", 0), new Effect.SendRollback("b", 0)), overdue.effects());
    }

    @Test
    void aWriteUnderWayForbidsOnePhase() {
        Step prepare = step(
                after(onePhase(), new Event.WriteRequested("a", INSTANCE, true, false)), new Event.PrepareRequested());
        assertEquals(TransactionState.PREPARING, prepare.transaction().state());
        assertEquals(List.of(new Effect.LimitVoting()), prepare.effects());
    }

    @Test
    void aWriteStagedAfterTheRollbackIsRefused() {
        Transaction t = after(staged("a", "b"), write("a"), new Event.RollbackRequested());
        assertEquals(
                List.of(new Effect.RefuseWrite(Refusal.WRONG_STATE)),
                step(t, new Event.WriteStaged("a")).effects());
    }

    @Test
    void aVoteOfAnotherInstanceIsAnAbort() {
        Step step = step(in(TransactionState.PREPARING), new Event.VoteArrived("a", OTHER_INSTANCE, Ballot.COMMIT));
        assertEquals(Outcome.ROLLBACK, step.transaction().decision());
        assertEquals(Cause.INSTANCE_CHANGED, step.transaction().cause());
    }

    @Test
    void aWriteToAnotherInstanceDooms() {
        Step step = step(staged("a", "b"), new Event.WriteRequested("a", OTHER_INSTANCE, false, false));
        assertEquals(TransactionState.MARKED_ROLLBACK, step.transaction().state());
        assertEquals(List.of(new Effect.RefuseWrite(Refusal.WRONG_STATE)), step.effects());
    }

    @Test
    void aFailedWriteIsNeverCommitted() {
        Transaction t = after(staged("a", "b"), write("a"), new Event.WriteFailed("a", "full", false));
        Step prepare = step(t, new Event.PrepareRequested());
        assertEquals(Outcome.ROLLBACK, prepare.transaction().decision());
        assertEquals(Cause.WRITE_FAILED, prepare.transaction().cause());
        assertEquals("full", prepare.transaction().reason());
    }

    @Test
    void aLostParticipantMakesACommitHeuristic() {
        Transaction t = after(in(TransactionState.DECIDING), new Event.Recorded(NOW), new Event.Lost("a", "gone"));
        assertEquals(TransactionState.COMMITTING, t.state());
        Transaction done = after(t, new Event.Acknowledged("b"));
        assertEquals(TransactionState.HEURISTIC, done.state());
        assertEquals(Outcome.COMMIT, done.decision());
        assertEquals(Cause.LOST, done.cause());
        assertEquals(State.HEURISTIC, of(done, "a").state());
        assertEquals(State.COMMITTED, of(done, "b").state());
    }

    @Test
    void aLogThatRefusesRollsBack() {
        Step step = step(in(TransactionState.DECIDING), new Event.RecordRefused("full"));
        assertEquals(List.of(new Effect.SendRollback("a", 0), new Effect.SendRollback("b", 0)), step.effects());
        assertEquals(Cause.LOG_REFUSED, step.transaction().cause());
    }

    @Test
    void onePhaseCommits() {
        Step prepare = step(onePhase(), new Event.PrepareRequested());
        assertEquals(List.of(new Effect.RecordDelegation("a")), prepare.effects());
        Step recorded = step(prepare.transaction(), new Event.Recorded(NOW));
        assertEquals(List.of(new Effect.CommitOnePhase("a")), recorded.effects());
        assertEquals(Outcome.PENDING, recorded.transaction().decision());
        Transaction done = after(recorded.transaction(), new Event.OnePhaseCommitted("a"));
        assertEquals(TransactionState.COMMITTED, done.state());
        assertEquals(Cause.ONE_PHASE, done.cause());
        assertEquals(State.COMMITTED, of(done, "a").state());
    }

    @Test
    void onePhaseRefused() {
        Step step = step(in(TransactionState.DELEGATED), new Event.OnePhaseRefused("a", Ballot.abort("no")));
        assertEquals(TransactionState.ROLLED_BACK, step.transaction().state());
        assertEquals(Cause.VOTE_ABORT, step.transaction().cause());
        assertEquals("a refused: no", step.transaction().reason());
        assertEquals(List.of(), step.effects());
    }

    @Test
    void aLostAnswerToOnePhaseIsCleared() {
        Step silent = step(in(TransactionState.DELEGATED), new Event.Unanswered("a", "timeout"));
        assertEquals(List.of(new Effect.SendRollback("a", 0)), silent.effects());
        assertEquals(Outcome.PENDING, silent.transaction().decision());
        // Without a limit: nobody else knows.
        Step again = silent;
        for (int tries = 1; tries <= 10; tries++) {
            again = step(again.transaction(), new Event.Unanswered("a", "timeout"));
            assertEquals(List.of(new Effect.SendRollback("a", tries)), again.effects());
        }
        Transaction rolledBack = after(again.transaction(), new Event.Acknowledged("a"));
        assertEquals(TransactionState.ROLLED_BACK, rolledBack.state());
        assertEquals(Outcome.ROLLBACK, rolledBack.decision());
        Transaction committed = after(again.transaction(), new Event.Contradicted("a", "had committed"));
        assertEquals(TransactionState.COMMITTED, committed.state());
        assertEquals(Outcome.COMMIT, committed.decision());
        assertNull(committed.reason());
    }

    @Test
    void rollbackIsNotToldForEver() {
        Step step = step(staged("a"), new Event.RollbackRequested());
        assertEquals(List.of(new Effect.SendRollback("a", 0)), step.effects());
        for (int tries = 1; tries < 3; tries++) {
            step = step(step.transaction(), new Event.Unanswered("a", "why"));
            assertEquals(List.of(new Effect.SendRollback("a", tries)), step.effects());
            assertEquals(TransactionState.ROLLED_BACK, step.transaction().state());
        }
        step = step(step.transaction(), new Event.Unanswered("a", "why"));
        assertEquals(List.of(), step.effects());
        assertEquals(
                State.ROLLED_BACK,
                of(after(step.transaction(), new Event.Acknowledged("a")), "a").state());
    }

    @Test
    void limits() {
        Transaction two = staged("a", "b");
        assertEquals(
                List.of(new Effect.RefuseWrite(Refusal.TOO_MANY_PARTICIPANTS)),
                step(two, write("c")).effects());
        Step third = step(two, write("a"));
        assertEquals(List.of(new Effect.SendWrite("a", 2)), third.effects());
        Step fourth = step(third.transaction(), write("b"));
        assertEquals(List.of(new Effect.SendWrite("b", 2)), fourth.effects());
        Step fifth = step(fourth.transaction(), write("a"));
        assertEquals(List.of(new Effect.RefuseWrite(Refusal.TOO_MANY_WRITES)), fifth.effects());
        assertEquals(fourth.transaction(), fifth.transaction());
    }

    @Test
    void recoveredCommitIsToldToThoseThatHadNotAcknowledged() {
        Transaction t = after(in(TransactionState.COMMITTING), new Event.Recovered());
        assertEquals(
                List.of(new Effect.SendCommit("a", 1)),
                step(t, new Event.Recovered()).effects());
    }

    @Test
    void recoveredDelegationIsResolvedByRollback() {
        assertEquals(
                List.of(new Effect.SendRollback("a", 1)),
                step(resolving(), new Event.Recovered()).effects());
        assertEquals(
                List.of(new Effect.SendRollback("a", 1)),
                step(resolving(), new Event.Unanswered("a", "why")).effects(),
                "and is never given up");
        assertEquals(
                TransactionState.COMMITTED,
                after(resolving(), new Event.Contradicted("a", "it had committed"))
                        .state());
    }

    @Test
    void recoveredDelegationToOneThatLostItsMemoryIsNoGuess() {
        Transaction t = after(resolving(), new Event.Lost("a", "another instance"));
        assertEquals(TransactionState.HEURISTIC, t.state());
        assertEquals(State.HEURISTIC, of(t, "a").state());
    }

    @Test
    void an_operator_rolls_back_and_says_why() {
        Transaction t = after(staged("a"), new Event.RollbackRequested(Cause.OPERATOR, "the client is gone"));
        assertEquals(Cause.OPERATOR, t.cause());
        assertEquals("the client is gone", t.reason());
        assertEquals(TransactionState.ROLLING_BACK, t.state());
    }

    @Test
    void a_heuristic_outcome_is_resolved_once_and_needs_somebody_again_when_another_contradicts() {
        Transaction heuristic = in(TransactionState.HEURISTIC);
        Transaction resolved = after(heuristic, new Event.Resolved(RESOLUTION));
        assertEquals(RESOLUTION, resolved.resolution());
        assertEquals(
                RESOLUTION,
                after(resolved, new Event.Resolved(new Resolution("bob", NOW, "me too")))
                        .resolution());

        Transaction both = after(
                staged("a", "b"),
                new Event.RollbackRequested(),
                new Event.Unanswered("b", "silent"),
                new Event.Contradicted("a", "had committed"),
                new Event.Resolved(RESOLUTION));
        assertEquals(RESOLUTION, both.resolution());
        assertNull(after(both, new Event.Contradicted("b", "had committed too")).resolution());
        assertNull(after(in(TransactionState.COMMITTED), new Event.Resolved(RESOLUTION))
                .resolution());
    }

    // Helpers

    /** As it is made from the log after a restart. */
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
        return Transaction.begin(new TransactionId(new UUID(0, 1)), Origin.UNNAMED, BEGUN, BEGUN.plusSeconds(60));
    }

    private static Transaction staged(String... resourceManagers) {
        Transaction t = begin();
        for (String resourceManager : resourceManagers) {
            t = after(t, write(resourceManager), new Event.WriteStaged(resourceManager));
        }
        return t;
    }

    private static Transaction onePhase() {
        return after(begin(), new Event.WriteRequested("a", INSTANCE, true, false), new Event.WriteStaged("a"));
    }

    private static Event write(String resourceManager) {
        return new Event.WriteRequested(resourceManager, INSTANCE, false, false);
    }

    private static Event vote(String resourceManager, Ballot ballot) {
        return new Event.VoteArrived(resourceManager, INSTANCE, ballot);
    }

    private static Step step(Transaction t, Event event) {
        return MACHINE.apply(t, event, NOW);
    }

    private static Transaction after(Transaction t, Event... events) {
        Transaction last = t;
        for (Event event : events) {
            last = step(last, event).transaction();
        }
        return last;
    }

    private static Participant of(Transaction t, String resourceManager) {
        return Objects.requireNonNull(t.participant(resourceManager));
    }
}
