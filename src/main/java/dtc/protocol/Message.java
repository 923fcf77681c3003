package dtc.protocol;

import java.util.List;

/** A message from the coordinator to a resource manager. */
public sealed interface Message {

    TransactionId id();

    /** Stage a write. {@code sequence} numbers the writes of one transaction to one resource manager, from 1. */
    record Write(TransactionId id, int sequence, String key, JsonText value) implements Message {}

    /**
     * Vote. {@code writes} are staged first; they are empty unless the resource manager accepts writes with prepare.
     */
    record Prepare(TransactionId id, List<Write> writes) implements Message {}

    /** Commit what was prepared. */
    record Commit(TransactionId id) implements Message {}

    /** Vote and commit in one step. Looks like {@link Commit} on the wire: it is a commit without a vote before it. */
    record CommitOnePhase(TransactionId id) implements Message {}

    record Rollback(TransactionId id) implements Message {}
}
