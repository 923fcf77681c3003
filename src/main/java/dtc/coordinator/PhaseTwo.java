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
        return t.state().isLeftToParticipant()
                ? Step.of(t.change(resourceManager, p -> p.voted(Ballot.COMMIT).to(State.COMMITTED, null))
                        .decided(Outcome.COMMIT, now)
                        .because(Cause.ONE_PHASE, null)
                        .to(TransactionState.COMMITTED, now))
                : Step.of(t);
    }

    static Step onePhaseRefused(Transaction t, OnePhaseRefused e, Instant now) {
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

    static Step acknowledged(Transaction t, String resourceManager, Instant now) {
        return switch (t.state()) {
            case COMMITTING ->
                finishCommit(
                        t.change(
                                resourceManager,
                                p -> p.isSettled() && p.givenUp() == null
                                        ? p
                                        : p.discard().to(State.COMMITTED, null)),
                        now);
            case ROLLING_BACK ->
                finishRollback(t.change(resourceManager, p -> p.isSettled() ? p : p.to(State.ROLLED_BACK)), now);
            // The reply to a retry that was sent after the transaction ended.
            case ROLLED_BACK -> Step.of(t.change(resourceManager, p -> p.isSettled() ? p : p.to(State.ROLLED_BACK)));
            case HEURISTIC ->
                t.isGivenUp(resourceManager)
                        ? recorded(
                                t.change(resourceManager, p -> p.discard().to(State.COMMITTED, null)), Durability.LAZY)
                        : Step.of(t.change(resourceManager, p -> p.isSettled() ? p : p.to(State.ROLLED_BACK)));
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
        Transaction next = t.change(name, p -> p.unanswered(e.reason()));
        return switch (t.state()) {
            // A decided commit is retried without limit.
            case COMMITTING -> Step.of(next, new Deliver(name, Outcome.COMMIT, Timing.AFTER_PAUSE));
            // Only the participant knows the outcome. It rolls back, or refuses the rollback if it has committed.
            case DELEGATED ->
                Step.of(
                        next,
                        new Deliver(name, Outcome.ROLLBACK, before.unresponsive() ? Timing.AFTER_PAUSE : Timing.NOW));
            case RESOLVING -> Step.of(next, new Deliver(name, Outcome.ROLLBACK, Timing.AFTER_PAUSE));
            // Retries may be dropped: a participant in doubt asks, and presumed abort answers rollback.
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
            return cannotCommit(t, e.resourceManager(), e.reason());
        }
        if (before == null || before.isSettled()) {
            return Step.of(t);
        }
        return switch (t.state()) {
            // The participant voted COMMIT and lost its prepared state.
            case COMMITTING ->
                finishCommit(
                        t.change(e.resourceManager(), p -> p.isSettled() ? p : p.to(State.HEURISTIC, e.reason()))
                                .because(Cause.LOST, e.resourceManager() + ": " + e.reason()),
                        now);
            // The participant has nothing to roll back.
            case ROLLING_BACK, ROLLED_BACK, HEURISTIC -> acknowledged(t, e.resourceManager(), now);
            case DELEGATED ->
                onePhaseRefused(
                        t, new OnePhaseRefused(e.resourceManager(), Ballot.abortFor(VoteCause.ERROR, e.reason())), now);
            // The participant may have committed and a client may know: the outcome cannot be determined.
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

    static Step contradicted(Transaction t, Contradicted e, Instant now) {
        Participant before = t.participant(e.resourceManager());
        if (t.isGivenUp(e.resourceManager())) {
            return cannotCommit(t, e.resourceManager(), e.reason());
        }
        if (before == null || before.isSettled()) {
            return Step.of(t);
        }
        Transaction next = t.change(e.resourceManager(), p -> p.to(State.HEURISTIC, e.reason()))
                .because(Cause.CONTRADICTED, e.resourceManager() + ": " + e.reason());
        return switch (t.state()) {
            case COMMITTING -> finishCommit(next, now);
            case ROLLING_BACK -> finishRollback(next, now);
            // The resolution did not cover this participant, so it no longer applies.
            case HEURISTIC -> Step.of(next.resolved(null));
            case ROLLED_BACK -> Step.of(next.to(TransactionState.HEURISTIC, now));
            // The one-phase commit was not answered. The participant refuses the rollback: it has committed.
            case DELEGATED, RESOLVING -> onePhaseCommitted(t, e.resourceManager(), now);
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, COMMITTED -> Step.of(t);
        };
    }

    static Step resolved(Transaction t, Resolved e) {
        return t.state() == TransactionState.HEURISTIC && t.resolution() == null
                ? Step.of(t.resolved(e.resolution()))
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
                recorded(
                        finishCommit(
                                        t.change(name, p -> p.giveUp(e.resolution(), reason))
                                                .because(Cause.GIVEN_UP, name + ": " + reason),
                                        now)
                                .transaction(),
                        Durability.FORCED);
            // The participant may have committed, and nobody else knows.
            case DELEGATED -> giveUp(t.to(TransactionState.RESOLVING, now), e, now);
            case RESOLVING -> {
                Transaction next = lost(t, new Lost(name, reason), now).transaction();
                yield recorded(next, Durability.FORCED);
            }
            // The outcome is presumed: a participant in doubt asks. Nothing else is left to do.
            case ROLLING_BACK -> finishRollback(t.change(name, p -> p.to(State.ROLLED_BACK, reason)), now);
            case ROLLED_BACK, HEURISTIC -> Step.of(t.change(name, p -> p.to(State.ROLLED_BACK, reason)));
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, COMMITTED -> Step.of(t);
        };
    }

    static Step discard(Transaction t, String resourceManager) {
        return t.isGivenUp(resourceManager)
                ? recorded(t.change(resourceManager, Participant::discard), Durability.FORCED)
                : Step.of(t);
    }

    /** Delivers a commit that was given up once more. */
    static Step returned(Transaction t, String resourceManager) {
        return t.isGivenUp(resourceManager)
                ? Step.of(t, new Deliver(resourceManager, Outcome.COMMIT, Timing.NOW))
                : Step.of(t);
    }

    /** The participant answered the delivery of a commit that was given up: it cannot commit. */
    private static Step cannotCommit(Transaction t, String resourceManager, String reason) {
        return recorded(t.change(resourceManager, p -> p.discard().to(State.HEURISTIC, reason)), Durability.LAZY);
    }

    private static Step recorded(Transaction t, Durability durability) {
        return Step.of(t, new Persist(TransactionRecord.of(t), durability));
    }

    static Step finishCommit(Transaction t, Instant now) {
        return t.allParticipants(Participant::isSettled)
                ? Step.of(t.to(finalState(t, TransactionState.COMMITTED), now))
                : Step.of(t);
    }

    /** Ends a rollback. It does not wait for unresponsive participants, which ask for the outcome. */
    static Step finishRollback(Transaction t, Instant now) {
        return t.allParticipants(p -> p.isSettled() || p.unresponsive())
                ? Step.of(t.to(finalState(t, TransactionState.ROLLED_BACK), now))
                : Step.of(t);
    }

    private static TransactionState finalState(Transaction t, TransactionState expected) {
        return t.hasHeuristicParticipant() ? TransactionState.HEURISTIC : expected;
    }
}
