package dtc.protocol;

/** Where a vote comes from: the participant itself, or the coordinator that votes abort in its stead. */
public enum VoteCause {
    VOTED,
    TIMEOUT,
    ERROR,
    UNREACHABLE
}
