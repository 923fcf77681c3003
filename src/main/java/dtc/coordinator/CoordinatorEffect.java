package dtc.coordinator;

import dtc.protocol.Outcome;

/**
 * An action that the coordinator performs after an event. Effects are performed in the order in which they are
 * returned.
 */
public sealed interface CoordinatorEffect {

    /** Request the vote of the participant. */
    record RequestVote(String resourceManager) implements CoordinatorEffect {}

    /** Start the vote timer; on expiry raise {@link CoordinatorEvent.VotesOverdue}. */
    record StartVoteTimer() implements CoordinatorEffect {}

    /**
     * Append the record to the decision log, after the records of earlier changes of the transaction. Once a forced
     * record is durable, raise {@link CoordinatorEvent.Recorded}.
     */
    record Persist(TransactionRecord record, Durability durability) implements CoordinatorEffect {}

    /**
     * Raise {@link CoordinatorEvent.RecordRetryDue} after a pause, because the log refused a forced record. Calls are
     * not answered until then.
     */
    record RetryRecord() implements CoordinatorEffect {}

    /** Request a one-phase commit from the only participant. */
    record CommitOnePhase(String resourceManager) implements CoordinatorEffect {}

    /** Send the outcome to the participant. */
    record Deliver(String resourceManager, Outcome outcome, Timing timing) implements CoordinatorEffect {}

    enum Durability {
        /** Calls are not answered until the record is durable. */
        FORCED,
        /** The record may be lost in a crash; recovery then repeats the work. */
        LAZY
    }

    enum Timing {
        NOW,
        /** A retry, repeated until the participant answers. */
        AFTER_PAUSE,
        /** A retry that may be dropped, because a participant in doubt sends an inquiry. */
        AFTER_PAUSE_OR_DROP
    }
}
