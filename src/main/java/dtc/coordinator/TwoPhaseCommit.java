package dtc.coordinator;

import dtc.coordinator.CoordinatorEffect.CommitOnePhase;
import dtc.coordinator.CoordinatorEffect.Deliver;
import dtc.coordinator.CoordinatorEffect.Durability;
import dtc.coordinator.CoordinatorEffect.Persist;
import dtc.coordinator.CoordinatorEffect.RequestVote;
import dtc.coordinator.CoordinatorEffect.RetryRecord;
import dtc.coordinator.CoordinatorEffect.StartVoteTimer;
import dtc.coordinator.CoordinatorEffect.Timing;
import dtc.coordinator.CoordinatorEvent.Acknowledged;
import dtc.coordinator.CoordinatorEvent.Contradicted;
import dtc.coordinator.CoordinatorEvent.DiscardRequested;
import dtc.coordinator.CoordinatorEvent.EnlistRequested;
import dtc.coordinator.CoordinatorEvent.Expired;
import dtc.coordinator.CoordinatorEvent.GiveUpRequested;
import dtc.coordinator.CoordinatorEvent.Lost;
import dtc.coordinator.CoordinatorEvent.OnePhaseCommitted;
import dtc.coordinator.CoordinatorEvent.OnePhaseRefused;
import dtc.coordinator.CoordinatorEvent.ParticipantReturned;
import dtc.coordinator.CoordinatorEvent.PrepareRequested;
import dtc.coordinator.CoordinatorEvent.RecordRefused;
import dtc.coordinator.CoordinatorEvent.RecordRetryDue;
import dtc.coordinator.CoordinatorEvent.Recorded;
import dtc.coordinator.CoordinatorEvent.Recovered;
import dtc.coordinator.CoordinatorEvent.Resolved;
import dtc.coordinator.CoordinatorEvent.RollbackOnlyRequested;
import dtc.coordinator.CoordinatorEvent.RollbackRequested;
import dtc.coordinator.CoordinatorEvent.ShutdownStarted;
import dtc.coordinator.CoordinatorEvent.Unanswered;
import dtc.coordinator.CoordinatorEvent.VoteArrived;
import dtc.coordinator.CoordinatorEvent.VotesOverdue;
import dtc.coordinator.CoordinatorEvent.WriteFailed;
import dtc.coordinator.CoordinatorEvent.WriteNotSent;
import dtc.coordinator.CoordinatorEvent.WriteRequested;
import dtc.coordinator.CoordinatorEvent.WriteStaged;
import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.Vote;
import dtc.protocol.VoteCause;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Two-phase commit with presumed abort (Mohan, Lindsay, Obermarck 1986; the states follow Gray and Lamport 2006,
 * section 2). The coordinator's rules are in this class, in {@link WriteNumbering}, {@link PhaseTwo} and
 * {@link ReplyTable}.
 *
 * <p>Messages may be lost, duplicated, delayed and reordered. Therefore every event is allowed in every state, and an
 * event that arrives too late is ignored.
 *
 * @param participantsMax maximum number of participants per transaction
 * @param writesMax maximum number of writes per transaction
 */
public record TwoPhaseCommit(int participantsMax, int writesMax) {

    /**
     * Applies an event to a transaction. If the event ends the transaction or changes its resolution, the effects
     * include a lazy record.
     */
    public Step apply(Transaction t, CoordinatorEvent event, Instant now) {
        Step step = transition(t, event, now);
        Transaction next = step.transaction().checkInvariants();
        boolean ended = next.state().isFinal() && next.state() != t.state();
        boolean resolutionChanged = !Objects.equals(t.resolution(), next.resolution());
        return ended || resolutionChanged
                ? step.withEffect(new Persist(TransactionRecord.of(next), Durability.LAZY))
                : step;
    }

    private Step transition(Transaction t, CoordinatorEvent event, Instant now) {
        return switch (event) {
            case WriteRequested e -> numbering().writeRequested(t, e);
            case EnlistRequested e -> numbering().enlistRequested(t, e);
            case WriteNotSent e -> markRollback(t, Cause.WRITE_FAILED, e.reason());
            case WriteStaged e -> writeStaged(t, e);
            case WriteFailed e -> writeFailed(t, e, now);
            case PrepareRequested _ -> prepareRequested(t, now);
            case RollbackRequested e -> rollbackRequested(t, e, now);
            case RollbackOnlyRequested e -> rollbackOnlyRequested(t, e, now);
            case Expired _ -> rollBackUnlessPrepared(t, Cause.EXPIRED, "expired before it was prepared", now);
            case ShutdownStarted _ -> rollBackUnlessPrepared(t, Cause.SHUTDOWN, "the coordinator was shut down", now);
            case VoteArrived e -> voteArrived(t, e, now);
            case VotesOverdue _ -> votesOverdue(t, now);
            case Recorded e -> recorded(t, e, now);
            case RecordRefused e -> recordRefused(t, e, now);
            case RecordRetryDue _ -> recordRetryDue(t, now);
            case Recovered _ -> recovered(t, now);
            case OnePhaseCommitted e -> PhaseTwo.onePhaseCommitted(t, e.resourceManager(), now);
            case OnePhaseRefused e -> PhaseTwo.onePhaseRefused(t, e, now);
            case Acknowledged e -> PhaseTwo.acknowledged(t, e.resourceManager(), now);
            case Unanswered e -> PhaseTwo.unanswered(t, e, now);
            case Lost e -> PhaseTwo.lost(t, e, now);
            case Contradicted e -> PhaseTwo.contradicted(t, e, now);
            case Resolved e -> PhaseTwo.resolved(t, e);
            case GiveUpRequested e -> PhaseTwo.giveUp(t, e, now);
            case DiscardRequested e -> PhaseTwo.discard(t, e.resourceManager());
            case ParticipantReturned e -> PhaseTwo.participantReturned(t, e.resourceManager());
        };
    }

    private WriteNumbering numbering() {
        return new WriteNumbering(participantsMax, writesMax);
    }

    // Writes

    private static Step writeStaged(Transaction t, WriteStaged e) {
        Transaction next = t.updateParticipant(e.resourceManager(), Participant::withWriteAnswered);
        if (t.decision() == Outcome.ROLLBACK) {
            return Step.refuseWrite(next, WriteResult.Reason.WRONG_STATE);
        }
        Participant before = t.participant(e.resourceManager());
        boolean wasLast = before != null && before.writesInFlight() == 1;
        return t.state() == TransactionState.PREPARING && wasLast
                ? Step.of(next, new RequestVote(e.resourceManager()))
                : Step.of(next);
    }

    private static Step writeFailed(Transaction t, WriteFailed e, Instant now) {
        Transaction next = t.updateParticipant(e.resourceManager(), p -> p.withWriteFailed(e.reason(), e.noAnswer()));
        String reason = ReplyTable.writeFailure(e.resourceManager(), e.reason());
        return switch (t.state()) {
            case ACTIVE -> markRollback(next, Cause.WRITE_FAILED, reason);
            // The vote was not requested yet, because the write was unanswered.
            case PREPARING -> rollBack(next, Cause.WRITE_FAILED, reason, now);
            case ROLLING_BACK -> PhaseTwo.finishRollback(next, now);
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

    /** Allows only rollback. A failed write must prevent commit even if the client did not receive the refusal. */
    static Step markRollback(Transaction t, Cause cause, String reason) {
        return t.state() == TransactionState.ACTIVE
                ? Step.of(t.transitionTo(TransactionState.MARKED_ROLLBACK, t.startedAt())
                        .withCause(cause, reason))
                : Step.of(t);
    }

    // Phase one

    private static Step prepareRequested(Transaction t, Instant now) {
        if (t.state() == TransactionState.MARKED_ROLLBACK) {
            return rollBack(t, markedCause(t), t.reason(), now);
        }
        if (t.state() != TransactionState.ACTIVE) {
            return Step.of(t);
        }
        if (t.participants().isEmpty()) {
            return decideCommit(t, Cause.EMPTY, now);
        }
        Participant first = t.participants().getFirst();
        if (t.participants().size() == 1 && first.onePhase() && first.writesInFlight() == 0) {
            Transaction delegating = t.transitionTo(TransactionState.DELEGATING, now)
                    .updateParticipants(p -> p.withState(State.PREPARING));
            return Step.of(delegating, new Persist(TransactionRecord.of(delegating), Durability.FORCED));
        }
        List<CoordinatorEffect> effects = new ArrayList<>();
        effects.add(new StartVoteTimer());
        for (Participant p : t.participants()) {
            // The vote must cover all writes, so it is requested after the last write is answered.
            if (p.writesInFlight() == 0) {
                effects.add(new RequestVote(p.resourceManager()));
            }
        }
        return Step.of(
                t.transitionTo(TransactionState.PREPARING, now).updateParticipants(p -> p.withState(State.PREPARING)),
                effects);
    }

    private static Step voteArrived(Transaction t, VoteArrived e, Instant now) {
        Participant participant = t.participant(e.resourceManager());
        if (participant == null || participant.ballot() != null) {
            return Step.of(t);
        }
        boolean sameInstance = participant.instance().equals(e.instance());
        Ballot ballot = sameInstance ? e.ballot() : Ballot.abort("it restarted between a write and its vote");
        if (t.decision() == Outcome.ROLLBACK && isVotedAbort(ballot)) {
            // The rollback may have overtaken the prepare message: then the participant votes ABORT because of it.
            return Step.of(t);
        }
        Transaction next = t.updateParticipant(e.resourceManager(), p -> p.withBallot(ballot));
        return switch (t.state()) {
            case PREPARING -> {
                if (ballot.vote() == Vote.ABORT) {
                    yield rollBack(
                            next,
                            sameInstance ? Cause.of(ballot) : Cause.INSTANCE_CHANGED,
                            abortReason(t, e.resourceManager(), ballot, sameInstance),
                            now);
                }
                if (next.anyParticipant(p -> p.ballot() == null)) {
                    yield Step.of(next);
                }
                yield decideCommit(next, Cause.VOTED, now);
            }
            // The vote is stored for display. If the participant is now unresponsive, the rollback may finish.
            case ROLLING_BACK -> PhaseTwo.finishRollback(next, now);
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

    private static String abortReason(Transaction t, String name, Ballot ballot, boolean sameInstance) {
        if (!sameInstance) {
            return name + ": " + ballot.reason();
        }
        // The first request that times out causes the rollback. The other missing votes are overdue as well, so the
        // reason names all of them.
        if (ballot.cause() == VoteCause.TIMEOUT && participantsWithoutVote(t).size() > 1) {
            return lateVotesReason(participantsWithoutVote(t));
        }
        return name + (isVotedAbort(ballot) ? " voted ABORT: " : " did not vote: ") + ballot.reason();
    }

    private static List<String> participantsWithoutVote(Transaction t) {
        return t.participants().stream()
                .filter(p -> p.ballot() == null)
                .map(Participant::resourceManager)
                .toList();
    }

    private static String lateVotesReason(List<String> late) {
        int last = late.size() - 1;
        String names =
                last == 0 ? late.getFirst() : String.join(", ", late.subList(0, last)) + " and " + late.get(last);
        return names + " did not vote in time";
    }

    private static boolean isVotedAbort(Ballot ballot) {
        return ballot.vote() == Vote.ABORT && ballot.cause() == VoteCause.VOTED;
    }

    private static Step votesOverdue(Transaction t, Instant now) {
        if (t.state() != TransactionState.PREPARING) {
            return Step.of(t);
        }
        Transaction next = t.updateParticipants(p -> p.ballot() == null
                ? p.withBallot(Ballot.abortFor(
                        VoteCause.TIMEOUT,
                        p.writesInFlight() == 0 ? "it did not vote in time" : "a write was still in flight"))
                : p);
        return rollBack(next, Cause.VOTE_TIMEOUT, lateVotesReason(participantsWithoutVote(t)), now);
    }

    // The decision

    private static Step decideCommit(Transaction t, Cause cause, Instant now) {
        Transaction deciding = t.transitionTo(TransactionState.DECIDING, now).withCause(cause, null);
        return Step.of(
                deciding, new Persist(TransactionRecord.of(toCommitting(deciding, now, now)), Durability.FORCED));
    }

    /** Returns the transaction after its commit decision is durable. */
    private static Transaction toCommitting(Transaction deciding, Instant decidedAt, Instant now) {
        return deciding.withDecision(Outcome.COMMIT, decidedAt)
                .transitionTo(TransactionState.COMMITTING, now)
                .updateParticipants(p -> p.withState(p.isReadOnly() ? State.COMMITTED : State.COMMITTING));
    }

    private static Step recorded(Transaction t, Recorded e, Instant now) {
        return switch (t.state()) {
            case DECIDING -> {
                Transaction next =
                        toCommitting(t, Objects.requireNonNull(e.record().decidedAt()), now);
                List<CoordinatorEffect> effects = new ArrayList<>();
                for (Participant p : next.participants()) {
                    if (p.state() == State.COMMITTING) {
                        effects.add(new Deliver(p.resourceManager(), Outcome.COMMIT, Timing.NOW));
                    }
                }
                yield Step.of(PhaseTwo.finishCommit(next, now).transaction(), effects);
            }
            case DELEGATING ->
                Step.of(
                        t.transitionTo(TransactionState.DELEGATED, now),
                        new CommitOnePhase(t.participants().getFirst().resourceManager()));
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

    /** Resumes delivery after a restart. All deliveries are retries, which limits the load on participants. */
    private static Step recovered(Transaction t, Instant now) {
        List<CoordinatorEffect> effects = new ArrayList<>();
        for (Participant p : t.participants()) {
            if (!p.isSettled() && t.state() == TransactionState.COMMITTING) {
                effects.add(new Deliver(p.resourceManager(), Outcome.COMMIT, Timing.AFTER_PAUSE));
            }
            if (!p.isSettled() && t.state() == TransactionState.RESOLVING) {
                effects.add(new Deliver(p.resourceManager(), Outcome.ROLLBACK, Timing.AFTER_PAUSE));
            }
        }
        return Step.of(
                t.state() == TransactionState.COMMITTING
                        ? PhaseTwo.finishCommit(t, now).transaction()
                        : t,
                effects);
    }

    private static Step recordRefused(Transaction t, RecordRefused e, Instant now) {
        return switch (t.state()) {
            case DECIDING, DELEGATING -> rollBack(t, Cause.LOG_REFUSED, e.reason(), now);
            case ROLLING_BACK, COMMITTING, COMMITTED, ROLLED_BACK, HEURISTIC -> Step.of(t, new RetryRecord());
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DELEGATED, RESOLVING -> Step.of(t);
        };
    }

    /** Records the current state, not that of the refused record: a newer record may have been stored since. */
    private static Step recordRetryDue(Transaction t, Instant now) {
        return switch (t.state()) {
            case ROLLING_BACK -> Step.of(t, new Persist(toRolledBackRecord(t, now), Durability.FORCED));
            case COMMITTING, COMMITTED, ROLLED_BACK, HEURISTIC -> PhaseTwo.persist(t, Durability.FORCED);
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, DELEGATED, RESOLVING -> Step.of(t);
        };
    }

    private static Step rollbackRequested(Transaction t, RollbackRequested e, Instant now) {
        return switch (t.state()) {
            case ACTIVE, PREPARING -> rollBack(t, e.cause(), e.reason(), now);
            case MARKED_ROLLBACK -> rollBack(t, markedCause(t), t.reason(), now);
            // The decision is being recorded or was made.
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

    /** Returns why a marked transaction can only roll back. */
    private static Cause markedCause(Transaction marked) {
        return Objects.requireNonNull(marked.cause());
    }

    /**
     * Prevents the commit. Has no effect while the decision is being recorded, or while only a participant knows it.
     * The caller then waits for the outcome.
     */
    private static Step rollbackOnlyRequested(Transaction t, RollbackOnlyRequested e, Instant now) {
        return switch (t.state()) {
            case ACTIVE -> markRollback(t, Cause.ROLLBACK_ONLY, e.reason());
            case PREPARING -> rollBack(t, Cause.ROLLBACK_ONLY, e.reason(), now);
            case MARKED_ROLLBACK,
                    DECIDING,
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

    /** Rolls back a transaction if it was not prepared. */
    private static Step rollBackUnlessPrepared(Transaction t, Cause cause, String reason, Instant now) {
        return switch (t.state()) {
            case ACTIVE -> rollBack(t, cause, reason, now);
            case MARKED_ROLLBACK -> rollBack(t, cause, t.reason(), now);
            case PREPARING, DECIDING, DELEGATING, DELEGATED, RESOLVING, COMMITTING, COMMITTED -> Step.of(t);
            case ROLLING_BACK, ROLLED_BACK, HEURISTIC -> Step.of(t);
        };
    }

    private static Step rollBack(Transaction t, Cause cause, @Nullable String reason, Instant now) {
        Transaction next = t.transitionTo(TransactionState.ROLLING_BACK, now)
                .withDecision(Outcome.ROLLBACK, now)
                .withCause(cause, reason)
                .updateParticipants(p -> p.withState(p.isReadOnly() ? State.ROLLED_BACK : State.ROLLING_BACK));
        List<CoordinatorEffect> effects = new ArrayList<>();
        if (t.origin().request() != null) {
            // The request is answered after this record is durable. Otherwise, after a crash, a retry of the request
            // could commit although the first response was rollback.
            effects.add(new Persist(toRolledBackRecord(next, now), Durability.FORCED));
        }
        for (Participant p : next.participants()) {
            // Participants that voted abort may still have staged writes.
            if (p.state() == State.ROLLING_BACK) {
                effects.add(new Deliver(p.resourceManager(), Outcome.ROLLBACK, Timing.NOW));
            }
        }
        return Step.of(PhaseTwo.finishRollback(next, now).transaction(), effects);
    }

    /**
     * Returns the record of a rollback that is not finished. After a restart the transaction counts as rolled back, and
     * participants in doubt send inquiries.
     */
    private static TransactionRecord toRolledBackRecord(Transaction t, Instant now) {
        return TransactionRecord.of(t.transitionTo(TransactionState.ROLLED_BACK, now));
    }
}
