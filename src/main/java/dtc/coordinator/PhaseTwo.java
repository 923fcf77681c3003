package dtc.coordinator;

import dtc.coordinator.CoordinatorEffect.Deliver;
import dtc.coordinator.CoordinatorEffect.Durability;
import dtc.coordinator.CoordinatorEffect.Persist;
import dtc.coordinator.CoordinatorEffect.Timing;
import dtc.coordinator.CoordinatorEvent.Contradicted;
import dtc.coordinator.CoordinatorEvent.GiveUpRequested;
import dtc.coordinator.CoordinatorEvent.Lost;
import dtc.coordinator.CoordinatorEvent.OnePhaseRefused;
import dtc.coordinator.CoordinatorEvent.Resolved;
import dtc.coordinator.CoordinatorEvent.Unanswered;
import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.VoteCause;
import java.time.Instant;

/** The part of {@link TwoPhaseCommit} that follows the decision: acknowledgements, retries and heuristic outcomes. */
final class PhaseTwo {

    private PhaseTwo() {}

    // One phase

    static Step onePhaseCommitted(Transaction t, String resourceManager, Instant now) {
        return t.state().isDelegated()
                ? Step.of(t.updateParticipant(
                                resourceManager,
                                p -> p.withBallot(Ballot.COMMIT).withState(State.COMMITTED, null))
                        .withDecision(Outcome.COMMIT, now)
                        .withCause(Cause.ONE_PHASE, null)
                        .transitionTo(TransactionState.COMMITTED, now))
                : Step.of(t);
    }

    static Step onePhaseRefused(Transaction t, OnePhaseRefused e, Instant now) {
        return t.state().isDelegated()
                ? Step.of(t.updateParticipant(
                                e.resourceManager(),
                                p -> p.withBallot(e.ballot()).withState(State.ROLLED_BACK))
                        .withDecision(Outcome.ROLLBACK, now)
                        .withCause(
                                Cause.of(e.ballot()),
                                e.resourceManager() + " refused: " + e.ballot().reason())
                        .transitionTo(TransactionState.ROLLED_BACK, now))
                : Step.of(t);
    }

    // Phase two

    static Step acknowledged(Transaction t, String resourceManager, Instant now) {
        return switch (t.state()) {
            case COMMITTING ->
                finishCommit(
                        t.updateParticipant(
                                resourceManager,
                                p -> p.isSettled() && p.givenUp() == null
                                        ? p
                                        : p.withoutGivenUp().withState(State.COMMITTED, null)),
                        now);
            case ROLLING_BACK ->
                finishRollback(
                        t.updateParticipant(resourceManager, p -> p.isSettled() ? p : p.withState(State.ROLLED_BACK)),
                        now);
            // The reply to a retry that was sent after the transaction ended.
            case ROLLED_BACK ->
                Step.of(t.updateParticipant(resourceManager, p -> p.isSettled() ? p : p.withState(State.ROLLED_BACK)));
            case HEURISTIC ->
                t.isGivenUp(resourceManager)
                        ? persist(
                                t.updateParticipant(
                                        resourceManager, p -> p.withoutGivenUp().withState(State.COMMITTED, null)),
                                Durability.LAZY)
                        : Step.of(t.updateParticipant(
                                resourceManager, p -> p.isSettled() ? p : p.withState(State.ROLLED_BACK)));
            // The one-phase commit was not answered. The participant then acknowledged a rollback.
            case DELEGATED, RESOLVING ->
                onePhaseRefused(
                        t,
                        new OnePhaseRefused(
                                resourceManager, Ballot.abortFor(VoteCause.TIMEOUT, "no answer, then rolled back")),
                        now);
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, COMMITTED -> Step.of(t);
        };
    }

    static Step unanswered(Transaction t, Unanswered e, Instant now) {
        String name = e.resourceManager();
        Participant before = t.participant(name);
        if (before == null || before.isSettled()) {
            return Step.of(t);
        }
        Transaction next = t.updateParticipant(name, p -> p.markUnresponsive(e.reason()));
        return switch (t.state()) {
            // A decided commit is retried without limit.
            case COMMITTING -> Step.of(next, new Deliver(name, Outcome.COMMIT, Timing.AFTER_PAUSE));
            // Only the participant knows the outcome. It rolls back, or refuses the rollback if it has committed.
            case DELEGATED ->
                Step.of(
                        next,
                        new Deliver(name, Outcome.ROLLBACK, before.unresponsive() ? Timing.AFTER_PAUSE : Timing.NOW));
            case RESOLVING -> Step.of(next, new Deliver(name, Outcome.ROLLBACK, Timing.AFTER_PAUSE));
            // Retries may be dropped: a participant in doubt sends an inquiry, and the answer is rollback (presumed
            // abort).
            case ROLLING_BACK ->
                Step.of(
                        finishRollback(next, now).transaction(),
                        new Deliver(name, Outcome.ROLLBACK, Timing.AFTER_PAUSE_OR_DROP));
            case ROLLED_BACK, HEURISTIC ->
                Step.of(next, new Deliver(name, Outcome.ROLLBACK, Timing.AFTER_PAUSE_OR_DROP));
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, COMMITTED -> Step.of(t);
        };
    }

    static Step lost(Transaction t, Lost e, Instant now) {
        Participant before = t.participant(e.resourceManager());
        if (t.isGivenUp(e.resourceManager())) {
            return endGivenUpCommit(t, e.resourceManager(), e.reason());
        }
        if (before == null || before.isSettled()) {
            return Step.of(t);
        }
        return switch (t.state()) {
            // The participant voted COMMIT and lost its prepared state.
            case COMMITTING ->
                finishCommit(
                        t.updateParticipant(
                                        e.resourceManager(),
                                        p -> p.isSettled() ? p : p.withState(State.HEURISTIC, e.reason()))
                                .withCause(Cause.LOST, e.resourceManager() + ": " + e.reason()),
                        now);
            // The participant has nothing to roll back.
            case ROLLING_BACK, ROLLED_BACK, HEURISTIC -> acknowledged(t, e.resourceManager(), now);
            // The same instance may have committed and forgotten the outcome. If another instance is registered, no
            // client has received a commit.
            case DELEGATED ->
                e.registered().equals(before.instance())
                        ? lost(t.transitionTo(TransactionState.RESOLVING, now), e, now)
                        : onePhaseRefused(
                                t,
                                new OnePhaseRefused(e.resourceManager(), Ballot.abortFor(VoteCause.ERROR, e.reason())),
                                now);
            // The participant may have committed, and a client may have received the outcome, which cannot be
            // determined.
            case RESOLVING ->
                Step.of(t.updateParticipant(e.resourceManager(), p -> p.withState(State.HEURISTIC, e.reason()))
                        .withDecision(Outcome.ROLLBACK, now)
                        .withCause(
                                Cause.LOST,
                                "%s: %s; it is unknown whether it committed".formatted(e.resourceManager(), e.reason()))
                        .transitionTo(TransactionState.HEURISTIC, now));
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, COMMITTED -> Step.of(t);
        };
    }

    static Step contradicted(Transaction t, Contradicted e, Instant now) {
        Participant before = t.participant(e.resourceManager());
        if (t.isGivenUp(e.resourceManager())) {
            return endGivenUpCommit(t, e.resourceManager(), e.reason());
        }
        if (before == null || before.isSettled()) {
            return Step.of(t);
        }
        Transaction next = t.updateParticipant(e.resourceManager(), p -> p.withState(State.HEURISTIC, e.reason()))
                .withCause(Cause.CONTRADICTED, e.resourceManager() + ": " + e.reason());
        return switch (t.state()) {
            case COMMITTING -> finishCommit(next, now);
            case ROLLING_BACK -> finishRollback(next, now);
            // The resolution was made before this participant diverged, so it no longer applies.
            case HEURISTIC -> Step.of(next.withResolution(null));
            case ROLLED_BACK -> Step.of(next.transitionTo(TransactionState.HEURISTIC, now));
            // The one-phase commit was not answered. The participant refuses the rollback: it has committed.
            case DELEGATED, RESOLVING -> onePhaseCommitted(t, e.resourceManager(), now);
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, COMMITTED -> Step.of(t);
        };
    }

    static Step resolved(Transaction t, Resolved e) {
        return t.state() == TransactionState.HEURISTIC && t.resolution() == null
                ? Step.of(t.withResolution(e.resolution()))
                : Step.of(t);
    }

    // Giving up

    static Step giveUp(Transaction t, GiveUpRequested e, Instant now) {
        String name = e.resourceManager();
        Participant before = t.participant(name);
        if (before == null || before.isSettled()) {
            return Step.of(t);
        }
        String reason = "given up: " + e.resolution().reason();
        return switch (t.state()) {
            case COMMITTING ->
                persist(
                        finishCommit(
                                        t.updateParticipant(name, p -> p.giveUp(e.resolution(), reason))
                                                .withCause(Cause.GIVEN_UP, name + ": " + reason),
                                        now)
                                .transaction(),
                        Durability.FORCED);
            // Only the participant knows whether it committed.
            case DELEGATED -> giveUp(t.transitionTo(TransactionState.RESOLVING, now), e, now);
            case RESOLVING -> {
                Transaction next =
                        lost(t, new Lost(name, before.instance(), reason), now).transaction();
                yield persist(next, Durability.FORCED);
            }
            // Abort is presumed if a participant in doubt sends an inquiry.
            case ROLLING_BACK ->
                finishRollback(t.updateParticipant(name, p -> p.withState(State.ROLLED_BACK, reason)), now);
            case ROLLED_BACK, HEURISTIC ->
                Step.of(t.updateParticipant(name, p -> p.withState(State.ROLLED_BACK, reason)));
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, COMMITTED -> Step.of(t);
        };
    }

    static Step discard(Transaction t, String resourceManager) {
        return t.isGivenUp(resourceManager)
                ? persist(t.updateParticipant(resourceManager, Participant::withoutGivenUp), Durability.FORCED)
                : Step.of(t);
    }

    /** Retries a commit that was given up. It is sent after a pause, because there may be many of them. */
    static Step participantReturned(Transaction t, String resourceManager) {
        return t.isGivenUp(resourceManager)
                ? Step.of(t, new Deliver(resourceManager, Outcome.COMMIT, Timing.AFTER_PAUSE))
                : Step.of(t);
    }

    /** Ends the delivery of a commit that was given up, because the participant cannot commit. */
    private static Step endGivenUpCommit(Transaction t, String resourceManager, String reason) {
        return persist(
                t.updateParticipant(resourceManager, p -> p.withoutGivenUp().withState(State.HEURISTIC, reason)),
                Durability.LAZY);
    }

    static Step persist(Transaction t, Durability durability) {
        return Step.of(t, new Persist(TransactionRecord.of(t), durability));
    }

    static Step finishCommit(Transaction t, Instant now) {
        return t.allParticipants(Participant::isSettled)
                ? Step.of(t.transitionTo(finalState(t, TransactionState.COMMITTED), now))
                : Step.of(t);
    }

    /** Ends a rollback, without waiting for unresponsive participants: they send inquiries. */
    static Step finishRollback(Transaction t, Instant now) {
        return t.allParticipants(p -> p.isSettled() || p.unresponsive())
                ? Step.of(t.transitionTo(finalState(t, TransactionState.ROLLED_BACK), now))
                : Step.of(t);
    }

    private static TransactionState finalState(Transaction t, TransactionState expected) {
        return t.hasHeuristicParticipant() ? TransactionState.HEURISTIC : expected;
    }
}
