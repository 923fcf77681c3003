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
    ECHO;

    /** HTTP requests of the client. */
    public int clientCalls(int participants) {
        return switch (this) {
            case ONE_CALL, ECHO -> 1;
            case INTERACTIVE, ROLLBACK -> participants + 2;
        };
    }

    /**
     * HTTP exchanges that follow one another in DTC, of clients with the coordinator and of the coordinator with
     * participants. Those with several participants at once count as one.
     */
    public int sequentialExchanges(int participants) {
        return switch (this) {
            case ECHO -> 1;
            // The call, prepare with the writes, commit.
            case ONE_CALL -> 3;
            // Begin; each write and its forwarding; the last call, prepare, commit.
            case INTERACTIVE -> 1 + 2 * participants + 3;
            case ROLLBACK -> 1 + 2 * participants + 2;
        };
    }
}
