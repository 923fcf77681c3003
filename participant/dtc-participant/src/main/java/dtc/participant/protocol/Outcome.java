package dtc.participant.protocol;

/** What a participant must do. */
public enum Outcome {
    COMMIT,
    ROLLBACK
}
