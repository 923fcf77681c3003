package dtc.protocol;

import java.util.List;

/** A message from the coordinator to a resource manager. */
public sealed interface Message {

    TransactionId id();

    /** Stage a write. {@code sequence} numbers the writes of one transaction to one resource manager, starting at 1. */
    record Write(TransactionId id, int sequence, String key, JsonText value) implements Message {}

    /**
     * Stage {@code writes}, then vote. The list is empty unless the resource manager supports writes with prepare.
     *
     * @param writeCount number of writes of the transaction to this resource manager, including {@code writes}
     */
    record Prepare(TransactionId id, List<Write> writes, int writeCount) implements Message {}

    /** Commit a prepared transaction. */
    record Commit(TransactionId id) implements Message {}

    /**
     * Vote and commit in one step: a commit without a prior vote.
     *
     * @param writeCount number of writes of the transaction to this resource manager
     */
    record CommitOnePhase(TransactionId id, int writeCount) implements Message {}

    record Rollback(TransactionId id) implements Message {}
}
