package dtc.coordinator;

import dtc.coordinator.Effect.Refusal;
import dtc.coordinator.Event.Acknowledged;
import dtc.coordinator.Event.Contradicted;
import dtc.coordinator.Event.Expired;
import dtc.coordinator.Event.Lost;
import dtc.coordinator.Event.OnePhaseCommitted;
import dtc.coordinator.Event.OnePhaseRefused;
import dtc.coordinator.Event.PrepareRequested;
import dtc.coordinator.Event.RecordRefused;
import dtc.coordinator.Event.Recorded;
import dtc.coordinator.Event.Recovered;
import dtc.coordinator.Event.Resolved;
import dtc.coordinator.Event.RollbackRequested;
import dtc.coordinator.Event.ShutDown;
import dtc.coordinator.Event.Unanswered;
import dtc.coordinator.Event.VoteArrived;
import dtc.coordinator.Event.VotesOverdue;
import dtc.coordinator.Event.WriteFailed;
import dtc.coordinator.Event.WriteImpossible;
import dtc.coordinator.Event.WriteRequested;
import dtc.coordinator.Event.WriteStaged;
import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.Vote;
import dtc.protocol.VoteCause;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Two-phase commit with presumed abort (Mohan, Lindsay, Obermarck 1986; the states after Gray and Lamport 2006, section
 * 2). Every rule of the coordinator is here, and nothing else is.
 *
 * <p>An event that comes too late to matter changes nothing: messages may be lost, doubled, late and out of order, so
 * every event is legal in every state.
 *
 * @param participantsMax how many resource managers one transaction may enlist
 * @param writesMax how many writes one transaction may hold
 * @param rollbackTriesMax how often a rollback is told without an answer, before it is left to the participant to ask
 */
public record TwoPhaseCommit(int participantsMax, int writesMax, int rollbackTriesMax) {

    public Step apply(Transaction t, Event event, Instant now) {
        return switch (event) {
            case WriteRequested e -> writeRequested(t, e);
            case WriteImpossible e -> doom(t, e.reason());
            case WriteStaged e -> writeStaged(t, e);
            case WriteFailed e -> writeFailed(t, e, now);
            case PrepareRequested _ -> prepareRequested(t, now);
            case RollbackRequested e -> rollbackRequested(t, e, now);
            case Expired _ -> giveUp(t, Cause.EXPIRED, "expired before it was prepared", now);
            case ShutDown _ -> giveUp(t, Cause.SHUTDOWN, "the coordinator was shut down", now);
            case VoteArrived e -> voteArrived(t, e, now);
            case VotesOverdue _ -> votesOverdue(t, now);
            case Recorded e -> recorded(t, e, now);
            case RecordRefused e -> recordRefused(t, e, now);
            case Recovered _ -> recovered(t, now);
            case OnePhaseCommitted e -> onePhaseCommitted(t, e.resourceManager(), now);
            case OnePhaseRefused e -> onePhaseRefused(t, e, now);
            case Acknowledged e -> acknowledged(t, e.resourceManager(), now);
            case Unanswered e -> unanswered(t, e, now);
            case Lost e -> lost(t, e, now);
            case Contradicted e -> contradicted(t, e, now);
            case Resolved e -> resolved(t, e);
        };
    }

    // Writes

    private Step writeRequested(Transaction t, WriteRequested e) {
        if (t.state() != TransactionState.ACTIVE) {
            return Step.of(t, new Effect.RefuseWrite(Refusal.WRONG_STATE));
        }
        if (t.participants().stream().mapToInt(Participant::writes).sum() >= writesMax) {
            return Step.of(t, new Effect.RefuseWrite(Refusal.TOO_MANY_WRITES));
        }
        Participant enlisted = t.participant(e.resourceManager());
        if (enlisted == null) {
            if (t.participants().size() >= participantsMax) {
                return Step.of(t, new Effect.RefuseWrite(Refusal.TOO_MANY_PARTICIPANTS));
            }
            List<Participant> more = new ArrayList<>(t.participants());
            more.add(Participant.enlist(e.resourceManager(), e.instance(), e.onePhase())
                    .sending());
            return Step.of(t.with(more), new Effect.SendWrite(e.resourceManager(), 1));
        }
        if (!enlisted.instance().equals(e.instance())) {
            // The writes that went to the instance before are lost, so the whole transaction is.
            Step doomed =
                    doom(t, "resource manager %s restarted and lost earlier writes".formatted(e.resourceManager()));
            return Step.of(doomed.transaction(), new Effect.RefuseWrite(Refusal.WRONG_STATE));
        }
        return Step.of(
                t.change(e.resourceManager(), Participant::sending),
                new Effect.SendWrite(e.resourceManager(), enlisted.writes() + 1));
    }

    private static Step writeStaged(Transaction t, WriteStaged e) {
        Transaction next = t.change(e.resourceManager(), Participant::answered);
        if (t.decision() == Outcome.ROLLBACK) {
            return Step.of(next, new Effect.RefuseWrite(Refusal.WRONG_STATE));
        }
        Participant participant = next.participant(e.resourceManager());
        if (t.state() == TransactionState.PREPARING && participant != null && participant.writesUnderWay() == 0) {
            return Step.of(next, new Effect.AskVote(e.resourceManager()));
        }
        return Step.of(next);
    }

    private static Step writeFailed(Transaction t, WriteFailed e, Instant now) {
        Transaction next = t.change(e.resourceManager(), p -> p.failed(e.reason(), e.silent()));
        return switch (t.state()) {
            case ACTIVE -> doom(next, e.reason());
            // The participant was not asked for its vote yet: that waits for its writes.
            case PREPARING -> rollBack(next, Cause.WRITE_FAILED, e.reason(), now);
            case ROLLING_BACK -> finishRollback(next, now);
            case MARKED_ROLLBACK,
                    DECIDING,
                    DELEGATING,
                    DELEGATED,
                    RESOLVING,
                    COMMITTING,
                    COMMITTED,
                    ROLLED_BACK,
                    HEURISTIC -> Step.of(next);
        };
    }

    /** A write that failed must not be left out of a commit, whether or not the client heard of it. */
    private static Step doom(Transaction t, String reason) {
        return t.state() == TransactionState.ACTIVE
                ? Step.of(t.to(TransactionState.MARKED_ROLLBACK, t.startedAt()).because(Cause.WRITE_FAILED, reason))
                : Step.of(t);
    }

    // Phase one

    private static Step prepareRequested(Transaction t, Instant now) {
        if (t.state() == TransactionState.MARKED_ROLLBACK) {
            return rollBack(t, Cause.WRITE_FAILED, t.reason(), now);
        }
        if (t.state() != TransactionState.ACTIVE) {
            return Step.of(t);
        }
        if (t.participants().isEmpty()) {
            return Step.of(t.to(TransactionState.DECIDING, now).because(Cause.EMPTY, null), new Effect.RecordCommit());
        }
        Participant first = t.participants().getFirst();
        if (t.participants().size() == 1 && first.onePhase() && first.writesUnderWay() == 0) {
            return Step.of(
                    t.to(TransactionState.DELEGATING, now).each(p -> p.to(State.PREPARING)),
                    new Effect.RecordDelegation(first.resourceManager()));
        }
        List<Effect> effects = new ArrayList<>();
        effects.add(new Effect.LimitVoting());
        for (Participant p : t.participants()) {
            // A write under way that came after the vote would be half in: its participant is asked after it.
            if (p.writesUnderWay() == 0) {
                effects.add(new Effect.AskVote(p.resourceManager()));
            }
        }
        return new Step(t.to(TransactionState.PREPARING, now).each(p -> p.to(State.PREPARING)), effects);
    }

    private static Step voteArrived(Transaction t, VoteArrived e, Instant now) {
        Participant participant = t.participant(e.resourceManager());
        if (participant == null || participant.ballot() != null) {
            return Step.of(t);
        }
        boolean sameInstance = participant.instance().equals(e.instance());
        Ballot ballot = sameInstance
                ? e.ballot()
                : Ballot.abort(
                        "resource manager %s restarted between a write and its vote".formatted(e.resourceManager()));
        Transaction next = t.change(e.resourceManager(), p -> p.voted(ballot));
        return switch (t.state()) {
            case PREPARING -> {
                if (ballot.vote() == Vote.ABORT) {
                    yield rollBack(
                            next,
                            sameInstance ? Cause.of(ballot) : Cause.INSTANCE_CHANGED,
                            e.resourceManager() + " voted abort: " + ballot.reason(),
                            now);
                }
                if (next.participants().stream().anyMatch(p -> p.ballot() == null)) {
                    yield Step.of(next);
                }
                yield Step.of(
                        next.to(TransactionState.DECIDING, now).because(Cause.VOTED, null), new Effect.RecordCommit());
            }
            // Too late to count, but worth showing; and who did not answer is not waited for.
            case ROLLING_BACK -> finishRollback(next, now);
            case ROLLED_BACK -> Step.of(next);
            case ACTIVE,
                    MARKED_ROLLBACK,
                    DECIDING,
                    DELEGATING,
                    DELEGATED,
                    RESOLVING,
                    COMMITTING,
                    COMMITTED,
                    HEURISTIC -> Step.of(t);
        };
    }

    private static Step votesOverdue(Transaction t, Instant now) {
        if (t.state() != TransactionState.PREPARING) {
            return Step.of(t);
        }
        Transaction next = t.each(p -> p.ballot() == null
                ? p.voted(Ballot.abortFor(
                        VoteCause.TIMEOUT,
                        p.writesUnderWay() == 0 ? "it did not vote in time" : "a write was still under way"))
                : p);
        return rollBack(next, Cause.VOTE_TIMEOUT, "the time for votes was over", now);
    }

    // The decision

    private static Step recorded(Transaction t, Recorded e, Instant now) {
        return switch (t.state()) {
            case DECIDING -> {
                Transaction next = t.decided(Outcome.COMMIT, e.decidedAt())
                        .to(TransactionState.COMMITTING, now)
                        .each(p -> p.to(p.isReadOnly() ? State.COMMITTED : State.COMMITTING));
                List<Effect> effects = new ArrayList<>();
                for (Participant p : next.participants()) {
                    if (p.state() == State.COMMITTING) {
                        effects.add(new Effect.SendCommit(p.resourceManager(), 0));
                    }
                }
                yield new Step(finishCommit(next, now).transaction(), effects);
            }
            case DELEGATING ->
                Step.of(
                        t.to(TransactionState.DELEGATED, now),
                        new Effect.CommitOnePhase(t.participants().getFirst().resourceManager()));
            case ACTIVE,
                    MARKED_ROLLBACK,
                    PREPARING,
                    DELEGATED,
                    RESOLVING,
                    COMMITTING,
                    COMMITTED,
                    ROLLING_BACK,
                    ROLLED_BACK,
                    HEURISTIC -> Step.of(t);
        };
    }

    /** Goes on where the log says that it stands. As tries, so that a participant is not flooded. */
    private static Step recovered(Transaction t, Instant now) {
        List<Effect> effects = new ArrayList<>();
        for (Participant p : t.participants()) {
            if (!p.isSettled() && t.state() == TransactionState.COMMITTING) {
                effects.add(new Effect.SendCommit(p.resourceManager(), 1));
            }
            if (!p.isSettled() && t.state() == TransactionState.RESOLVING) {
                effects.add(new Effect.SendRollback(p.resourceManager(), 1));
            }
        }
        return new Step(
                t.state() == TransactionState.COMMITTING ? finishCommit(t, now).transaction() : t, effects);
    }

    private static Step recordRefused(Transaction t, RecordRefused e, Instant now) {
        return t.state() == TransactionState.DECIDING || t.state() == TransactionState.DELEGATING
                ? rollBack(t, Cause.LOG_REFUSED, e.reason(), now)
                : Step.of(t);
    }

    private static Step rollbackRequested(Transaction t, RollbackRequested e, Instant now) {
        return switch (t.state()) {
            case ACTIVE, PREPARING -> rollBack(t, e.cause(), e.reason(), now);
            case MARKED_ROLLBACK -> rollBack(t, Cause.WRITE_FAILED, t.reason(), now);
            // On its way to the log, or decided: too late.
            case DECIDING,
                    DELEGATING,
                    DELEGATED,
                    RESOLVING,
                    COMMITTING,
                    COMMITTED,
                    ROLLING_BACK,
                    ROLLED_BACK,
                    HEURISTIC -> Step.of(t);
        };
    }

    private static Step giveUp(Transaction t, Cause cause, String reason, Instant now) {
        return switch (t.state()) {
            case ACTIVE -> rollBack(t, cause, reason, now);
            case MARKED_ROLLBACK -> rollBack(t, cause, t.reason(), now);
            case PREPARING, DECIDING, DELEGATING, DELEGATED, RESOLVING, COMMITTING, COMMITTED -> Step.of(t);
            case ROLLING_BACK, ROLLED_BACK, HEURISTIC -> Step.of(t);
        };
    }

    private static Step rollBack(Transaction t, Cause cause, @Nullable String reason, Instant now) {
        Transaction next = t.to(TransactionState.ROLLING_BACK, now)
                .decided(Outcome.ROLLBACK, now)
                .because(cause, reason)
                .each(p -> p.to(p.isReadOnly() ? State.ROLLED_BACK : State.ROLLING_BACK));
        List<Effect> effects = new ArrayList<>();
        for (Participant p : next.participants()) {
            // Those that voted abort too: they may still hold what they staged.
            if (p.state() == State.ROLLING_BACK) {
                effects.add(new Effect.SendRollback(p.resourceManager(), 0));
            }
        }
        return new Step(finishRollback(next, now).transaction(), effects);
    }

    // One phase

    private static Step onePhaseCommitted(Transaction t, String resourceManager, Instant now) {
        return t.state().isLeftToParticipant()
                ? Step.of(t.change(resourceManager, p -> p.voted(Ballot.COMMIT).to(State.COMMITTED, null))
                        .decided(Outcome.COMMIT, now)
                        .because(Cause.ONE_PHASE, null)
                        .to(TransactionState.COMMITTED, now))
                : Step.of(t);
    }

    private static Step onePhaseRefused(Transaction t, OnePhaseRefused e, Instant now) {
        return t.state().isLeftToParticipant()
                ? Step.of(t.change(e.resourceManager(), p -> p.voted(e.ballot()).to(State.ROLLED_BACK))
                        .decided(Outcome.ROLLBACK, now)
                        .because(
                                Cause.of(e.ballot()),
                                e.resourceManager() + " refused: " + e.ballot().reason())
                        .to(TransactionState.ROLLED_BACK, now))
                : Step.of(t);
    }

    // Phase two

    private static Step acknowledged(Transaction t, String resourceManager, Instant now) {
        return switch (t.state()) {
            case COMMITTING ->
                finishCommit(t.change(resourceManager, p -> p.isSettled() ? p : p.to(State.COMMITTED, null)), now);
            case ROLLING_BACK ->
                finishRollback(t.change(resourceManager, p -> p.isSettled() ? p : p.to(State.ROLLED_BACK)), now);
            // Told again behind the client's back, after it had once been silent.
            case ROLLED_BACK, HEURISTIC ->
                Step.of(t.change(resourceManager, p -> p.isSettled() ? p : p.to(State.ROLLED_BACK)));
            // The answer to one phase was lost, so the participant was told to roll back, and did.
            case DELEGATED, RESOLVING ->
                onePhaseRefused(
                        t,
                        new OnePhaseRefused(
                                resourceManager, Ballot.abortFor(VoteCause.TIMEOUT, "no answer, then rolled back")),
                        now);
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, COMMITTED -> Step.of(t);
        };
    }

    private Step unanswered(Transaction t, Unanswered e, Instant now) {
        Participant before = t.participant(e.resourceManager());
        if (before == null || before.isSettled()) {
            return Step.of(t);
        }
        Transaction next = t.change(e.resourceManager(), p -> p.unanswered(e.reason()));
        int tries = before.tries() + 1;
        return switch (t.state()) {
            // Certain, and therefore without a limit.
            case COMMITTING -> Step.of(next, new Effect.SendCommit(e.resourceManager(), tries));
            // Only the participant knows the outcome. A rollback is carried out, or refused by one that committed.
            case DELEGATED -> Step.of(next, new Effect.SendRollback(e.resourceManager(), tries - 1));
            case RESOLVING -> Step.of(next, new Effect.SendRollback(e.resourceManager(), tries));
            case ROLLING_BACK, ROLLED_BACK, HEURISTIC -> {
                Transaction after = t.state() == TransactionState.ROLLING_BACK
                        ? finishRollback(next, now).transaction()
                        : next;
                // Presumed abort: a participant in doubt asks, and learns of the rollback without our help.
                yield tries < rollbackTriesMax
                        ? Step.of(after, new Effect.SendRollback(e.resourceManager(), tries))
                        : Step.of(after);
            }
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, COMMITTED -> Step.of(t);
        };
    }

    private static Step lost(Transaction t, Lost e, Instant now) {
        Participant before = t.participant(e.resourceManager());
        if (before == null || before.isSettled()) {
            return Step.of(t);
        }
        return switch (t.state()) {
            // It voted for commit and cannot keep its word.
            case COMMITTING ->
                finishCommit(
                        t.change(e.resourceManager(), p -> p.isSettled() ? p : p.to(State.HEURISTIC, e.reason()))
                                .because(Cause.LOST, e.resourceManager() + ": " + e.reason()),
                        now);
            // There is nothing left of it, which is what a rollback wants.
            case ROLLING_BACK, ROLLED_BACK, HEURISTIC -> acknowledged(t, e.resourceManager(), now);
            case DELEGATED ->
                onePhaseRefused(
                        t, new OnePhaseRefused(e.resourceManager(), Ballot.abortFor(VoteCause.ERROR, e.reason())), now);
            // It may have committed, and a client may have been told so before the restart: no guess.
            case RESOLVING ->
                Step.of(t.change(e.resourceManager(), p -> p.to(State.HEURISTIC, e.reason()))
                        .decided(Outcome.ROLLBACK, now)
                        .because(
                                Cause.LOST,
                                "%s: %s; whether it had committed is not known"
                                        .formatted(e.resourceManager(), e.reason()))
                        .to(TransactionState.HEURISTIC, now));
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, COMMITTED -> Step.of(t);
        };
    }

    private static Step contradicted(Transaction t, Contradicted e, Instant now) {
        Participant before = t.participant(e.resourceManager());
        if (before == null || before.isSettled()) {
            return Step.of(t);
        }
        Transaction next = t.change(e.resourceManager(), p -> p.to(State.HEURISTIC, e.reason()))
                .because(Cause.CONTRADICTED, e.resourceManager() + ": " + e.reason());
        return switch (t.state()) {
            case COMMITTING -> finishCommit(next, now);
            case ROLLING_BACK -> finishRollback(next, now);
            // Whoever resolved it did not know of this one.
            case HEURISTIC -> Step.of(next.resolved(null));
            case ROLLED_BACK -> Step.of(next.to(TransactionState.HEURISTIC, now));
            // Told to roll back after a lost answer, it says that it had committed.
            case DELEGATED, RESOLVING -> onePhaseCommitted(t, e.resourceManager(), now);
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, COMMITTED -> Step.of(t);
        };
    }

    private static Step resolved(Transaction t, Resolved e) {
        return t.state() == TransactionState.HEURISTIC && t.resolution() == null
                ? Step.of(t.resolved(e.resolution()))
                : Step.of(t);
    }

    private static Step finishCommit(Transaction t, Instant now) {
        return t.participants().stream().allMatch(Participant::isSettled)
                ? Step.of(t.to(finalState(t, TransactionState.COMMITTED), now))
                : Step.of(t);
    }

    /** A rollback is over when everybody acknowledged, except those that do not answer: they will ask. */
    private static Step finishRollback(Transaction t, Instant now) {
        return t.participants().stream().allMatch(p -> p.isSettled() || p.silent())
                ? Step.of(t.to(finalState(t, TransactionState.ROLLED_BACK), now))
                : Step.of(t);
    }

    private static TransactionState finalState(Transaction t, TransactionState good) {
        return t.participants().stream().anyMatch(p -> p.state() == State.HEURISTIC)
                ? TransactionState.HEURISTIC
                : good;
    }
}
