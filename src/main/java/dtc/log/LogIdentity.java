package dtc.log;

import dtc.protocol.TransactionId;
import java.util.Set;

/**
 * Identifies the transaction ids that a log issues. A new id contains the {@link #tag} and the {@link #epoch}. If an id
 * has no record, abort may be presumed only if {@link #presumesAbort} is true for the id. The record of any other id
 * may be in another log.
 *
 * @param tag the tag of new ids, 16 bits; random, assigned when the log was created
 * @param firstEpoch the epoch of the oldest ids that this log issued. If several processes share a store, each has a
 *     log with one epoch
 * @param epoch the epoch of new ids, 24 bits; increases with each start of a process on this log
 * @param adoptedTags the tags of other logs that an operator has adopted: abort is presumed for their ids that have no
 *     record
 * @param idsWithoutTagUntilMillis the time up to which ids may have no tag, in milliseconds since 1970; 0 if all have
 *     one. Set only if the log already contained records when it received its tag: then it issued such ids itself, and
 *     abort is presumed for them. They cannot be distinguished from ids of other logs.
 */
public record LogIdentity(int tag, int firstEpoch, int epoch, Set<Integer> adoptedTags, long idsWithoutTagUntilMillis) {

    /** Creates the identity of a log that has issued the ids of all epochs. */
    public LogIdentity(int tag, int epoch, Set<Integer> adoptedTags, long idsWithoutTagUntilMillis) {
        this(tag, 1, epoch, adoptedTags, idsWithoutTagUntilMillis);
    }

    public LogIdentity {
        adoptedTags = Set.copyOf(adoptedTags);
        if (tag < 0
                || tag > TransactionId.TAG_MAX
                || adoptedTags.stream().anyMatch(other -> other < 0 || other > TransactionId.TAG_MAX)) {
            throw new IllegalArgumentException("a tag must have 16 bits");
        }
        if (firstEpoch < 1 || epoch < firstEpoch || epoch > TransactionId.EPOCH_MAX) {
            throw new IllegalArgumentException("an epoch must be from 1 to " + TransactionId.EPOCH_MAX);
        }
    }

    /** Whether abort is presumed for an id that has no record. */
    public boolean presumesAbort(TransactionId id) {
        boolean isOwn = id.tag() == tag && id.epoch() >= firstEpoch && id.epoch() <= epoch;
        boolean mayHaveNoTag = id.isTimeOrdered() && id.timeMillis() <= idsWithoutTagUntilMillis;
        return isOwn || mayHaveNoTag || adoptedTags.contains(id.tag());
    }
}
