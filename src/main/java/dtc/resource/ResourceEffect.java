package dtc.resource;

import dtc.protocol.Ballot;
import dtc.protocol.TransactionId;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * An output of a {@link Dictionary}: an answer, or an action for the driver. One event may have effects for several
 * transactions, because a released key can unblock others.
 */
public sealed interface ResourceEffect {

    TransactionId id();

    /** Returns the first effect of a kind for a transaction. */
    static <T extends ResourceEffect> Optional<T> find(
            Class<T> kind, TransactionId transaction, List<ResourceEffect> effects) {
        for (ResourceEffect effect : effects) {
            if (kind.isInstance(effect) && effect.id().equals(transaction)) {
                return Optional.of(kind.cast(effect));
            }
        }
        return Optional.empty();
    }

    /** The change must be stored before any later effect is carried out, except {@link Staged}, timers and waits. */
    record Persist(Change change) implements ResourceEffect {
        @Override
        public TransactionId id() {
            return change.id();
        }
    }

    /**
     * The transaction holds its keys. Read their committed values after all earlier changes are stored, and apply
     * {@link ResourceEvent.Loaded}.
     */
    record Load(TransactionId id, Set<String> keys) implements ResourceEffect {}

    /** The answer to a write. */
    sealed interface WriteAnswer extends ResourceEffect {}

    /** The answer to a commit. */
    sealed interface CommitAnswer extends ResourceEffect {}

    /** The answer to a rollback. */
    sealed interface RollbackAnswer extends ResourceEffect {}

    /** The write is staged. {@code first} is true for the first write of the transaction here. */
    record Staged(TransactionId id, boolean first) implements WriteAnswer {}

    /** The write is refused: the transaction has voted or ended here. */
    record WriteRefused(TransactionId id, String reason) implements WriteAnswer {}

    /** The write is refused: it exceeds a limit. */
    record NoRoom(TransactionId id, String reason) implements WriteAnswer {}

    /** The write is refused: the resource manager is shutting down. Created by the driver, not by the dictionary. */
    record Stopping(TransactionId id) implements WriteAnswer {}

    /** The answer to this prepare and to all earlier unanswered ones of the transaction. */
    record Voted(TransactionId id, Ballot ballot) implements ResourceEffect {}

    /** The transaction waits for its keys. Start a timer; on expiry apply {@link ResourceEvent.LockWaitExpired}. */
    record Waiting(TransactionId id) implements ResourceEffect {}

    /** The transaction has voted COMMIT. Ask the coordinator for the outcome if it does not arrive. */
    record InDoubt(TransactionId id) implements ResourceEffect {}

    record Committed(TransactionId id) implements CommitAnswer {}

    /**
     * The transaction is not committed and never will be: it was rolled back here, or a one-phase commit was aborted
     * because of a conflict or a limit.
     */
    record CommitRefused(TransactionId id, String reason) implements CommitAnswer {}

    /**
     * The answer to a commit of an unknown transaction, to a rollback of a transaction whose outcome may have been
     * evicted, and to a rollback that was sent to an earlier instance.
     */
    record Unknown(TransactionId id) implements CommitAnswer, RollbackAnswer {}

    record RolledBack(TransactionId id) implements RollbackAnswer {}

    /** Not rolled back: the transaction was committed here. */
    record RollbackRefused(TransactionId id) implements RollbackAnswer {}
}
