package dtc.protocol;

/** What a participant answers to prepare (X/Open C193: XA_OK, XA_RB*, XA_RDONLY). */
public enum Vote {
    /** Will commit or roll back as told, whatever happens to it in between. */
    COMMIT,
    /** Cannot commit; the transaction rolls back. */
    ABORT,
    /** Changed nothing and needs no second phase. */
    READ_ONLY
}
