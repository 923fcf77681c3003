package dtc.protocol;

/** The outcome of a transaction, as returned to a participant in doubt. */
public enum Outcome {
    COMMIT,
    ROLLBACK,
    /** Not decided yet. The participant retries its inquiry. */
    PENDING
}
