package dtc.participant.protocol;

import dtc.participant.protocol.Knowledge.State;

/**
 * What a message does, depending on what the database contains. After each step other than an answer the caller reads
 * the database again, because another process may have been faster.
 */
public final class Rules {

    private static final String COMMITTED = "the transaction was committed here";
    private static final String ROLLED_BACK = "the transaction was rolled back here";
    private static final String UNKNOWN = "the transaction is unknown here";
    private static final String FORGOTTEN = "the outcome of the transaction is no longer kept here";

    private Rules() {}

    public static Step stage(Knowledge knowledge) {
        return knowledge.state() == State.UNKNOWN
                ? new Step.Stage()
                : new Step.Answer(new Reply.Conflict("the transaction has voted or ended here"));
    }

    public static Step prepare(Knowledge knowledge) {
        return switch (knowledge.state()) {
            // The same vote again.
            case PREPARED, COMMITTED -> new Step.Answer(Reply.VOTED_COMMIT);
            case ROLLED_BACK, FORGOTTEN -> new Step.Answer(Reply.votedAbort(knowledge.reason()));
            case UNKNOWN -> new Step.Run(false);
        };
    }

    /**
     * Returns the step for a commit.
     *
     * @param onePhase whether there was no vote, and the transaction commits if it can
     */
    public static Step commit(Knowledge knowledge, boolean onePhase) {
        return switch (knowledge.state()) {
            case PREPARED -> new Step.Finish(Outcome.COMMIT);
            case COMMITTED -> new Step.Answer(Reply.ACKNOWLEDGED);
            case ROLLED_BACK ->
                new Step.Answer(new Reply.Conflict(knowledge.reason() == null ? ROLLED_BACK : knowledge.reason()));
            case FORGOTTEN -> new Step.Answer(new Reply.Unknown(FORGOTTEN));
            // A refusal is recorded before it is answered: the coordinator may rely on it.
            case UNKNOWN -> onePhase ? new Step.Run(true) : new Step.RecordRollback(new Reply.Unknown(UNKNOWN));
        };
    }

    /** A prepared transaction is first rolled back. Then it is unknown, and the rollback is recorded. */
    public static Step rollback(Knowledge knowledge) {
        return switch (knowledge.state()) {
            case PREPARED -> new Step.Finish(Outcome.ROLLBACK);
            case COMMITTED -> new Step.Answer(new Reply.Conflict(COMMITTED));
            case ROLLED_BACK -> new Step.Answer(Reply.ACKNOWLEDGED);
            case FORGOTTEN -> new Step.Answer(new Reply.Unknown(FORGOTTEN));
            case UNKNOWN -> new Step.RecordRollback(Reply.ACKNOWLEDGED);
        };
    }
}
