package dtc.protocol;

/** The states of transactions and participants that clients see. */
public enum State {
    ACTIVE,
    /** A write failed, or rollback-only was called, so the transaction can only roll back. */
    MARKED_ROLLBACK,
    PREPARING,
    /** For participants only: the participant voted COMMIT and is in doubt until it receives the outcome. */
    PREPARED,
    COMMITTING,
    COMMITTED,
    ROLLING_BACK,
    ROLLED_BACK,
    /** The decision was not carried out by every participant. Operator action is required. */
    HEURISTIC
}
