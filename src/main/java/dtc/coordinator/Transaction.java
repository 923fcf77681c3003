package dtc.coordinator;

import dtc.protocol.Cause;
import dtc.protocol.Origin;
import dtc.protocol.Outcome;
import dtc.protocol.Resolution;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The coordinator's state of one transaction. Immutable. Its methods run for each event, so they use loops over indexes
 * instead of iterators and streams, which allocate more.
 *
 * @param decision {@link Outcome#PENDING} until decided; a decision never changes
 * @param reason why it rolled back or became heuristic; null if it did neither, or if the client requested the rollback
 * @param participants in order of enlistment
 * @param resolution how an operator resolved a heuristic outcome; null if unresolved
 */
public record Transaction(
        TransactionId id,
        Origin origin,
        TransactionState state,
        Outcome decision,
        Instant startedAt,
        Instant expiresAt,
        @Nullable Instant decidedAt,
        @Nullable Instant finishedAt,
        @Nullable Cause cause,
        @Nullable String reason,
        List<Participant> participants,
        @Nullable Resolution resolution) {

    public static Transaction begin(TransactionId id, Origin origin, Instant startedAt, Instant expiresAt) {
        return new Transaction(
                id,
                origin,
                TransactionState.ACTIVE,
                Outcome.PENDING,
                startedAt,
                expiresAt,
                null,
                null,
                null,
                null,
                List.of(),
                null);
    }

    /**
     * Restores a transaction from its newest record in the decision log. Apply {@link CoordinatorEvent.Recovered} next.
     *
     * @throws IllegalArgumentException if the record is inconsistent
     */
    public static Transaction recover(TransactionRecord r) {
        try {
            return fromRecord(r).checkInvariants();
        } catch (IllegalStateException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    private static Transaction fromRecord(TransactionRecord r) {
        return new Transaction(
                r.id(),
                r.origin(),
                switch (r.state()) {
                    case COMMITTING -> TransactionState.COMMITTING;
                    case PREPARING -> TransactionState.RESOLVING;
                    case COMMITTED -> TransactionState.COMMITTED;
                    case ROLLED_BACK -> TransactionState.ROLLED_BACK;
                    case HEURISTIC -> TransactionState.HEURISTIC;
                    case ACTIVE, MARKED_ROLLBACK, PREPARED, ROLLING_BACK ->
                        throw new IllegalStateException("%s is recorded as %s".formatted(r.id(), r.state()));
                },
                r.decision(),
                r.startedAt(),
                r.expiresAt(),
                r.decidedAt(),
                r.finishedAt(),
                r.cause(),
                r.reason(),
                r.participants().stream()
                        .map(TransactionRecord.ParticipantRecord::recover)
                        .toList(),
                r.resolution());
    }

    public @Nullable Participant participant(String resourceManager) {
        for (int i = 0; i < participants.size(); i++) {
            Participant participant = participants.get(i);
            if (participant.resourceManager().equals(resourceManager)) {
                return participant;
            }
        }
        return null;
    }

    /**
     * Whether an operator gave up the delivery of the commit to the participant, and the commit has been neither
     * delivered nor discarded since.
     */
    public boolean isGivenUp(String resourceManager) {
        Participant participant = participant(resourceManager);
        return participant != null && participant.givenUp() != null;
    }

    /** Like {@link #isGivenUp}, for any participant. */
    public boolean hasGivenUpParticipant() {
        for (int i = 0; i < participants.size(); i++) {
            Participant participant = participants.get(i);
            if (participant.givenUp() != null) {
                return true;
            }
        }
        return false;
    }

    /** Whether the outcome is heuristic and no operator has resolved it. */
    public boolean isUnresolved() {
        return state == TransactionState.HEURISTIC && resolution == null;
    }

    /**
     * Checks the invariants that hold between two events.
     *
     * @throws IllegalStateException if an invariant is violated
     */
    Transaction checkInvariants() {
        boolean decisionMatchesState = switch (state) {
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, DELEGATED, RESOLVING ->
                decision == Outcome.PENDING;
            case COMMITTING, COMMITTED -> decision == Outcome.COMMIT;
            case ROLLING_BACK, ROLLED_BACK -> decision == Outcome.ROLLBACK;
            case HEURISTIC -> decision != Outcome.PENDING;
        };
        boolean isConsistent = decisionMatchesState
                && (decision == Outcome.PENDING) == (decidedAt == null)
                && state.isFinal() == (finishedAt != null)
                && (resolution == null || state == TransactionState.HEURISTIC)
                && (!state.isFinal() || state == TransactionState.HEURISTIC || !hasHeuristicParticipant());
        if (!isConsistent) {
            throw new IllegalStateException("%s is inconsistent: state %s, decision %s, decided at %s, finished at %s"
                    .formatted(id, state, decision, decidedAt, finishedAt));
        }
        return this;
    }

    boolean hasHeuristicParticipant() {
        return anyParticipant(p -> p.state() == State.HEURISTIC);
    }

    boolean anyParticipant(Predicate<Participant> condition) {
        for (int i = 0; i < participants.size(); i++) {
            Participant participant = participants.get(i);
            if (condition.test(participant)) {
                return true;
            }
        }
        return false;
    }

    boolean allParticipants(Predicate<Participant> condition) {
        for (int i = 0; i < participants.size(); i++) {
            Participant participant = participants.get(i);
            if (!condition.test(participant)) {
                return false;
            }
        }
        return true;
    }

    /** Number of writes and enlistments of all participants. */
    int writes() {
        int writes = 0;
        for (int i = 0; i < participants.size(); i++) {
            Participant participant = participants.get(i);
            writes += participant.writes();
        }
        return writes;
    }

    Transaction transitionTo(TransactionState next, Instant now) {
        if (!next.mayFollow(state)) {
            throw new IllegalStateException(id + ": " + next + " may not follow " + state);
        }
        return new Transaction(
                id,
                origin,
                next,
                decision,
                startedAt,
                expiresAt,
                decidedAt,
                next.isFinal() ? now : null,
                cause,
                reason,
                participants,
                resolution);
    }

    Transaction withDecision(Outcome outcome, Instant at) {
        if (decision != Outcome.PENDING) {
            throw new IllegalStateException(id + ": decided twice");
        }
        return new Transaction(
                id,
                origin,
                state,
                outcome,
                startedAt,
                expiresAt,
                at,
                finishedAt,
                cause,
                reason,
                participants,
                resolution);
    }

    Transaction withCause(@Nullable Cause newCause, @Nullable String newReason) {
        return new Transaction(
                id,
                origin,
                state,
                decision,
                startedAt,
                expiresAt,
                decidedAt,
                finishedAt,
                newCause,
                newReason,
                participants,
                resolution);
    }

    Transaction withParticipants(List<Participant> newParticipants) {
        return new Transaction(
                id,
                origin,
                state,
                decision,
                startedAt,
                expiresAt,
                decidedAt,
                finishedAt,
                cause,
                reason,
                List.copyOf(newParticipants),
                resolution);
    }

    Transaction withResolution(@Nullable Resolution newResolution) {
        return new Transaction(
                id,
                origin,
                state,
                decision,
                startedAt,
                expiresAt,
                decidedAt,
                finishedAt,
                cause,
                reason,
                participants,
                newResolution);
    }

    Transaction updateParticipants(UnaryOperator<Participant> update) {
        Participant[] updated = participants.toArray(Participant[]::new);
        for (int i = 0; i < updated.length; i++) {
            updated[i] = update.apply(updated[i]);
        }
        return withParticipants(List.of(updated));
    }

    Transaction updateParticipant(String resourceManager, UnaryOperator<Participant> update) {
        return updateParticipants(p -> p.resourceManager().equals(resourceManager) ? update.apply(p) : p);
    }
}
