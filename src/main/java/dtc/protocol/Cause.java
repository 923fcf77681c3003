package dtc.protocol;

/** Why a transaction ended with its outcome. Used as a metric label, so the number of values must stay small. */
public enum Cause {
    VOTED,
    ONE_PHASE,
    EMPTY,
    CLIENT,
    OPERATOR,
    EXPIRED,
    SHUTDOWN,
    WRITE_FAILED,
    /** A client or a participant called rollback-only. */
    ROLLBACK_ONLY,
    VOTE_ABORT,
    VOTE_TIMEOUT,
    VOTE_ERROR,
    VOTE_UNREACHABLE,
    INSTANCE_CHANGED,
    LOG_REFUSED,
    LOST,
    CONTRADICTED,
    GIVEN_UP;

    public static Cause of(Ballot abort) {
        return switch (abort.cause()) {
            case VOTED -> VOTE_ABORT;
            case TIMEOUT -> VOTE_TIMEOUT;
            case ERROR -> VOTE_ERROR;
            case UNREACHABLE -> VOTE_UNREACHABLE;
        };
    }
}
