package dtc.protocol;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A message from the coordinator to a resource manager. */
public sealed interface Message {

    TransactionId id();

    /**
     * Stage a write.
     *
     * @param sequence numbers the writes and enlistments of one transaction to one resource manager, starting at 1
     * @param condition null if there is none
     */
    record Write(
            TransactionId id,
            int sequence,
            String key,
            Update update,
            @Nullable Condition condition) implements Message {

        public Write(TransactionId id, int sequence, String key, JsonText value) {
            this(id, sequence, key, new Update.Put(value), null);
        }

        /** Whether only a resource manager that supports deletes and conditions can carry it out. */
        public boolean needsConditions() {
            return condition != null || !(update instanceof Update.Put);
        }

        /** Number of characters of its key and values. */
        public int chars() {
            return key.length() + update.chars() + (condition == null ? 0 : condition.chars());
        }
    }

    /**
     * Stage {@code writes}, then vote. The list is empty unless the resource manager supports writes with prepare.
     *
     * @param writeCount number of writes and enlistments of this resource manager, including {@code writes}
     */
    record Prepare(TransactionId id, List<Write> writes, int writeCount) implements Message {}

    /** Commit a prepared transaction. */
    record Commit(TransactionId id) implements Message {}

    /**
     * Vote and commit in one step: a commit without a prior vote.
     *
     * @param writeCount number of writes and enlistments of this resource manager
     */
    record CommitOnePhase(TransactionId id, int writeCount) implements Message {}

    record Rollback(TransactionId id) implements Message {}
}
