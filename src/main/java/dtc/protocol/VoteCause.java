package dtc.protocol;

/** Whether the participant voted, or why the coordinator counts the missing or invalid vote as ABORT. */
public enum VoteCause {
    VOTED,
    TIMEOUT,
    ERROR,
    UNREACHABLE
}
