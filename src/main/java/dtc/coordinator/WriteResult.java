package dtc.coordinator;

/** The result of a write or an enlistment, for its caller. */
public sealed interface WriteResult {

    /**
     * The write must be sent, or the resource manager is enlisted. {@code sequence} numbers the writes and enlistments
     * of one participant, starting at 1.
     */
    record Accepted(int sequence) implements WriteResult {}

    /** The write or enlistment is not part of the transaction. */
    record Refused(Reason reason) implements WriteResult {}

    enum Reason {
        WRONG_STATE,
        TOO_MANY_WRITES,
        TOO_MANY_PARTICIPANTS
    }
}
