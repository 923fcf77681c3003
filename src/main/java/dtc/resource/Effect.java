package dtc.resource;

import dtc.protocol.Ballot;
import dtc.protocol.TransactionId;

/** What a resource manager answers, or does of itself. One event may answer several transactions: those that waited. */
public sealed interface Effect {

    TransactionId id();

    /** The answer to a write. */
    sealed interface WriteAnswer extends Effect {}

    /** The answer to a commit. */
    sealed interface CommitAnswer extends Effect {}

    /** The answer to a rollback. */
    sealed interface RollbackAnswer extends Effect {}

    /** The write is staged; {@code first} where it is the transaction's first one here. */
    record Staged(TransactionId id, boolean first) implements WriteAnswer {}

    /** The write is refused: voted already, or ended here. */
    record Refused(TransactionId id, String reason) implements WriteAnswer {}

    /** The write is refused: no room. */
    record NoRoom(TransactionId id, String reason) implements WriteAnswer {}

    /** The write is refused: nothing is taken any more, because of a stop. */
    record Stopping(TransactionId id) implements WriteAnswer {}

    /** The answer to every prepare of this transaction that waits, and to this one. */
    record Voted(TransactionId id, Ballot ballot) implements Effect {}

    /** Older than all that hold its keys, the transaction waits for them: say {@link Event.WaitOver} in time. */
    record Waiting(TransactionId id) implements Effect {}

    /** Voted for commit: from here on, only the coordinator knows the outcome. Ask it if it does not say. */
    record InDoubt(TransactionId id) implements Effect {}

    record Committed(TransactionId id) implements CommitAnswer {}

    /**
     * Not committed, and never will be: it was rolled back here, or lost the conflict when asked to commit in one
     * phase.
     */
    record CommitRefused(TransactionId id, String reason) implements CommitAnswer {}

    /** Asked to commit what nothing is known of; or to roll it back, where that was meant for an instance before. */
    record Unknown(TransactionId id) implements CommitAnswer, RollbackAnswer {}

    record RolledBack(TransactionId id) implements RollbackAnswer {}

    /** Not rolled back: it was committed here. */
    record RollbackRefused(TransactionId id) implements RollbackAnswer {}
}
