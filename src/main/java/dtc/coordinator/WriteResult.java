package dtc.coordinator;

/** The result of a write event, for the caller of the write. */
public sealed interface WriteResult {

    /** The write must be sent. {@code sequence} numbers the writes to one participant, starting at 1. */
    record Accepted(int sequence) implements WriteResult {}

    /** The write is not part of the transaction. */
    record Refused(Reason reason) implements WriteResult {}

    enum Reason {
        WRONG_STATE,
        TOO_MANY_WRITES,
        TOO_MANY_PARTICIPANTS
    }
}
