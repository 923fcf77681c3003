package dtc.resource;

import dtc.protocol.Condition;
import dtc.protocol.JsonText;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An input of a {@link Dictionary}: a message from the coordinator, or an expired timer. */
public sealed interface ResourceEvent {

    TransactionId id();

    /**
     * Stages a write.
     *
     * @param sequence the coordinator's number of the write in this transaction, so that a duplicate or reordered
     *     message does not overwrite a later one; 0 if the caller does not number its writes
     * @param condition null if there is none
     */
    record Write(
            TransactionId id,
            int sequence,
            String key,
            Update update,
            @Nullable Condition condition) implements ResourceEvent {

        public Write(TransactionId id, int sequence, String key, JsonText value) {
            this(id, sequence, key, new Update.Put(value), null);
        }

        public Write {
            if (sequence < 0) {
                throw new IllegalArgumentException("sequence is " + sequence);
            }
        }
    }

    /**
     * Requests a vote. {@code writes} are staged first, unless the transaction has voted or ended.
     *
     * @param writeCount the number of writes and enlistments; null if the caller does not count them
     */
    record Prepare(
            TransactionId id, List<Write> writes, @Nullable Integer writeCount) implements ResourceEvent {

        public Prepare {
            writes = List.copyOf(writes);
            for (Write write : writes) {
                if (!write.id().equals(id)) {
                    throw new IllegalArgumentException("prepare of " + id + " with a write of " + write.id());
                }
            }
        }
    }

    /**
     * Commits the transaction. If it has not voted, this is a one-phase commit.
     *
     * @param writeCount for a one-phase commit, the number of writes and enlistments; null for any other commit, and if
     *     the caller does not count them
     */
    record Commit(TransactionId id, @Nullable Integer writeCount) implements ResourceEvent {}

    record Rollback(TransactionId id) implements ResourceEvent {}

    /**
     * The committed values of the keys that a {@link ResourceEffect.Load} named.
     *
     * @param values keys without a value are omitted
     */
    record Loaded(TransactionId id, Map<String, JsonText> values) implements ResourceEvent {}

    /** The transaction has waited too long for its keys. */
    record LockWaitExpired(TransactionId id) implements ResourceEvent {}

    /** The transaction has staged writes and no prepare arrived in time. */
    record StagedExpired(TransactionId id) implements ResourceEvent {}
}
