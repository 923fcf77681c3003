package dtc.protocol;

/** The states that a client sees, of a transaction and of a participant. */
public enum State {
    ACTIVE,
    /** Can only roll back, because a write failed. */
    MARKED_ROLLBACK,
    PREPARING,
    /** Of a participant only: it voted COMMIT and is in doubt until it learns the outcome. */
    PREPARED,
    COMMITTING,
    COMMITTED,
    ROLLING_BACK,
    ROLLED_BACK,
    /** The decision could not be carried out at every participant; needs an operator. */
    HEURISTIC
}
