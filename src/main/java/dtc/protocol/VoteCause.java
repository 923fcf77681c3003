package dtc.protocol;

/** Whether the participant voted, or why a missing or invalid vote counts as ABORT. */
public enum VoteCause {
    VOTED,
    TIMEOUT,
    ERROR,
    UNREACHABLE
}
