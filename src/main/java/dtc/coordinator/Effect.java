package dtc.coordinator;

/** What is to be done after an event, in this order. */
public sealed interface Effect {

    /** Tell the writer that its write does not count: the transaction is in the wrong state. */
    record RefuseWrite(Refusal refusal) implements Effect {}

    /** Send the write; {@code sequence} numbers the writes to one participant, from 1. */
    record SendWrite(String resourceManager, int sequence) implements Effect {}

    /** Ask for the vote. A participant with a write under way is asked when that is answered. */
    record AskVote(String resourceManager) implements Effect {}

    /** Say {@link Event.VotesOverdue} when the time for votes is over. */
    record LimitVoting() implements Effect {}

    /** Record the decision to commit, then say {@link Event.Recorded}. */
    record RecordCommit() implements Effect {}

    /** Record that the only participant decides, then say {@link Event.Recorded}. */
    record RecordDelegation(String resourceManager) implements Effect {}

    record CommitOnePhase(String resourceManager) implements Effect {}

    /** Tell the participant to commit; {@code tries} counts the tries before, and growing pauses go with it. */
    record SendCommit(String resourceManager, int tries) implements Effect {}

    /** Tell the participant to roll back, likewise. */
    record SendRollback(String resourceManager, int tries) implements Effect {}

    /** Why a write was refused. */
    enum Refusal {
        WRONG_STATE,
        TOO_MANY_WRITES,
        TOO_MANY_PARTICIPANTS
    }
}
