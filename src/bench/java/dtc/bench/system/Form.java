package dtc.bench.system;

/** What a client does in one transaction. */
public enum Form {
    /** Everything in one call. */
    ONE_CALL,
    /** Begins, writes once to each participant, one call after the other, and commits. */
    INTERACTIVE,
    /** The same, but rolls back. */
    ROLLBACK,
    /** One call that does nothing. */
    ECHO
}
