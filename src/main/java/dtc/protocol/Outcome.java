package dtc.protocol;

/** What the coordinator answers to a participant in doubt. */
public enum Outcome {
    COMMIT,
    ROLLBACK,
    /** Not decided yet: ask again. */
    PENDING
}
