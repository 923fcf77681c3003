package dtc.coordinator;

import dtc.protocol.State;
import java.util.Set;

/** The state of a transaction at its coordinator. Each state lists its valid predecessors. */
public enum TransactionState {
    /** Accepts writes. */
    ACTIVE(State.ACTIVE),
    /** A write failed or was not answered, or rollback-only was called. The transaction can only roll back. */
    MARKED_ROLLBACK(State.MARKED_ROLLBACK, ACTIVE),
    /** Votes are requested. */
    PREPARING(State.PREPARING, ACTIVE),
    /** All participants voted for commit. The decision is being recorded and has not been sent. */
    DECIDING(State.PREPARING, ACTIVE, PREPARING),
    /** One-phase commit is chosen and is being recorded. It has not been sent. */
    DELEGATING(State.PREPARING, ACTIVE),
    /** One-phase commit was requested from the only participant, which decides the outcome. */
    DELEGATED(State.PREPARING, DELEGATING),
    /**
     * Like DELEGATED, but no answer will arrive: the coordinator was restarted, the participant no longer knows the
     * transaction, or an operator gave it up. A client may already know the outcome. Also entered by recovery.
     */
    RESOLVING(State.PREPARING, DELEGATED),
    /** Commit is recorded. It is sent until every participant has acknowledged it. Also entered by recovery. */
    COMMITTING(State.COMMITTING, DECIDING),
    COMMITTED(State.COMMITTED, DECIDING, DELEGATED, RESOLVING, COMMITTING),
    /**
     * Rollback is decided. The decision is recorded only if the request that began the transaction has an idempotency
     * key: a transaction without a record is presumed rolled back.
     */
    ROLLING_BACK(State.ROLLING_BACK, ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING),
    ROLLED_BACK(State.ROLLED_BACK, ROLLING_BACK, DELEGATED, RESOLVING),
    /** A participant did not carry out the decision. */
    HEURISTIC(State.HEURISTIC, DECIDING, RESOLVING, COMMITTING, ROLLING_BACK, ROLLED_BACK);

    private final State externalState;

    @SuppressWarnings("ImmutableEnumChecker") // Set.of is immutable
    private final Set<TransactionState> predecessors;

    TransactionState(State externalState, TransactionState... predecessors) {
        this.externalState = externalState;
        this.predecessors = Set.of(predecessors);
    }

    /** Returns the state in responses to clients. */
    public State externalState() {
        return externalState;
    }

    public boolean mayFollow(TransactionState previous) {
        return predecessors.contains(previous);
    }

    /** Whether the only participant decides the outcome, which is not known yet. */
    public boolean isDelegated() {
        return this == DELEGATED || this == RESOLVING;
    }

    /** Whether the transaction has ended. */
    public boolean isFinal() {
        return this == COMMITTED || this == ROLLED_BACK || this == HEURISTIC;
    }
}
