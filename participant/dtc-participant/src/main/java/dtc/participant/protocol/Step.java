package dtc.participant.protocol;

/** What is done next with a message. */
public sealed interface Step {

    /** Answers. The message changes nothing. */
    record Answer(Reply reply) implements Step {}

    /** Carries out the outcome of the prepared transaction. */
    record Finish(Outcome outcome) implements Step {}

    /** Runs the staged work, and then prepares it, or commits it in one phase. */
    record Run(boolean onePhase) implements Step {}

    /** Records that the transaction is rolled back here, so that later messages are refused. Then answers. */
    record RecordRollback(Reply reply) implements Step {}

    /** Stages work. */
    record Stage() implements Step {}
}
