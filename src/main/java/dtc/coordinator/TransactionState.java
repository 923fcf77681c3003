package dtc.coordinator;

import dtc.protocol.State;
import java.util.Set;

/**
 * Where a transaction stands at its coordinator. Each state lists the states it may come from; this is the whole table
 * of legal transitions.
 */
public enum TransactionState {
    /** Takes writes. */
    ACTIVE(State.ACTIVE),
    /** A write failed, or nobody knows whether it did: can only roll back. */
    MARKED_ROLLBACK(State.MARKED_ROLLBACK, ACTIVE),
    /** Votes are being asked for. */
    PREPARING(State.PREPARING, ACTIVE),
    /** Everybody voted for commit, and that decision is on its way to the log. Nobody has been told of it yet. */
    DECIDING(State.PREPARING, ACTIVE, PREPARING),
    /** That the only participant shall decide is on its way to the log. */
    DELEGATING(State.PREPARING, ACTIVE),
    /** The only participant was asked to commit in one phase, and the outcome is whatever it did. */
    DELEGATED(State.PREPARING, DELEGATING),
    /** DELEGATED before a restart, which forgot whether the outcome was told to anybody. Only recovery makes it. */
    RESOLVING(State.PREPARING),
    /**
     * Commit is recorded and therefore certain; participants are told until each has acknowledged. Recovery makes it
     * too.
     */
    COMMITTING(State.COMMITTING, DECIDING),
    COMMITTED(State.COMMITTED, DECIDING, DELEGATED, RESOLVING, COMMITTING),
    /** Rollback is decided. It needs no record: a transaction without one is presumed rolled back. */
    ROLLING_BACK(State.ROLLING_BACK, ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING),
    ROLLED_BACK(State.ROLLED_BACK, ROLLING_BACK, DELEGATED, RESOLVING),
    /** A participant did not, or could not, do what was decided. */
    HEURISTIC(State.HEURISTIC, DECIDING, RESOLVING, COMMITTING, ROLLING_BACK, ROLLED_BACK);

    private final State shown;

    @SuppressWarnings("ImmutableEnumChecker") // Set.of is immutable
    private final Set<TransactionState> predecessors;

    TransactionState(State shown, TransactionState... predecessors) {
        this.shown = shown;
        this.predecessors = Set.of(predecessors);
    }

    /** What a client sees. */
    public State shown() {
        return shown;
    }

    public boolean mayFollow(TransactionState previous) {
        return predecessors.contains(previous);
    }

    /** Whether only the one participant knows the outcome. */
    public boolean isLeftToParticipant() {
        return this == DELEGATED || this == RESOLVING;
    }

    /** Whether nothing more will happen to the outcome, as far as the coordinator knows. */
    public boolean isFinal() {
        return this == COMMITTED || this == ROLLED_BACK || this == HEURISTIC;
    }
}
