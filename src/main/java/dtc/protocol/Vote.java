package dtc.protocol;

/** A participant's answer to prepare (X/Open C193: XA_OK, XA_RB*, XA_RDONLY). */
public enum Vote {
    /** Able to commit and to roll back. The participant waits for the outcome. */
    COMMIT,
    /** Not able to commit. The transaction rolls back. */
    ABORT,
    /** No changes, so no second phase is needed. */
    READ_ONLY
}
