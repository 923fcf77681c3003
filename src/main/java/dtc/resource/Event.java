package dtc.resource;

import dtc.protocol.JsonText;
import dtc.protocol.TransactionId;
import java.util.List;

/** What a resource manager is told. */
public sealed interface Event {

    TransactionId id();

    /**
     * Stage a write. {@code sequence} is the coordinator's number of it in this transaction, so that a doubled or
     * overtaken message does not undo a later one; 0 where the caller numbers nothing.
     */
    record Write(TransactionId id, int sequence, String key, JsonText value) implements Event {}

    /** Vote; first stage {@code writes}, where it is not too late for that. */
    record Prepare(TransactionId id, List<Write> writes) implements Event {}

    /** Commit: of what was voted for, or, without a vote before it, vote and commit in one phase. */
    record Commit(TransactionId id) implements Event {}

    record Rollback(TransactionId id) implements Event {}

    /** The transaction has waited for its keys long enough. */
    record WaitOver(TransactionId id) implements Event {}

    /** What is staged has not come to a vote for too long. */
    record Abandoned(TransactionId id) implements Event {}
}
