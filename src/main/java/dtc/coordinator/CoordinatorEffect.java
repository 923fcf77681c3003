package dtc.coordinator;

import dtc.protocol.Outcome;

/** What the coordinator has to do after an event. Effects are carried out in the order in which they are returned. */
public sealed interface CoordinatorEffect {

    /** Ask the participant for its vote. */
    record RequestVote(String resourceManager) implements CoordinatorEffect {}

    /** Start the vote timer; on expiry raise {@link CoordinatorEvent.VotesOverdue}. */
    record StartVoteTimer() implements CoordinatorEffect {}

    /**
     * Append the record to the decision log. Once a forced record is durable, raise {@link CoordinatorEvent.Recorded}.
     */
    record Persist(TransactionRecord record, Durability durability) implements CoordinatorEffect {}

    /** Ask the only participant to vote and commit in one step. */
    record CommitOnePhase(String resourceManager) implements CoordinatorEffect {}

    /** Send the outcome to the participant. */
    record Deliver(String resourceManager, Outcome outcome, Timing timing) implements CoordinatorEffect {}

    enum Durability {
        /** The transaction does not proceed before the record is durable. */
        FORCED,
        /** The record may be lost in a crash; recovery then repeats the work. */
        LAZY
    }

    enum Timing {
        NOW,
        /** A retry. It is repeated until the participant answers. */
        AFTER_PAUSE,
        /** A retry that may be given up: the participant asks for the outcome itself. */
        AFTER_PAUSE_OR_DROP
    }
}
