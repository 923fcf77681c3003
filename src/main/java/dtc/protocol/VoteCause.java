package dtc.protocol;

/** Whether the participant voted, or why the coordinator counts it as ABORT. */
public enum VoteCause {
    VOTED,
    TIMEOUT,
    ERROR,
    UNREACHABLE
}
