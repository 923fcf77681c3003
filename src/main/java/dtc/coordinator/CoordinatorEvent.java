package dtc.coordinator;

import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.Resolution;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** An input of the coordinator's state machine: a client's call, a participant's reply, a timer, or the log. */
public sealed interface CoordinatorEvent {

    /**
     * The client writes to a resource manager whose registered instance is {@code instance}.
     *
     * @param sentWithPrepare whether the write is sent together with the prepare message
     */
    record WriteRequested(String resourceManager, UUID instance, boolean onePhase, boolean sentWithPrepare)
            implements CoordinatorEvent {}

    /**
     * A resource manager enlists itself before it does work in the transaction. The work counts as one write.
     *
     * @param instance the registered instance
     * @param claimedInstance the instance that the caller names; null if it names none
     * @param request identifies the call, so that a repeated one gets the same number; null if it may not be repeated
     */
    record EnlistRequested(
            String resourceManager,
            UUID instance,
            @Nullable UUID claimedInstance,
            boolean onePhase,
            @Nullable UUID request)
            implements CoordinatorEvent {}

    /** A write was not sent. */
    record WriteNotSent(String resourceManager, String reason) implements CoordinatorEvent {}

    record WriteStaged(String resourceManager) implements CoordinatorEvent {}

    /**
     * A write failed.
     *
     * @param reason why, without the name of the resource manager
     * @param noAnswer whether the resource manager did not answer
     */
    record WriteFailed(String resourceManager, String reason, boolean noAnswer) implements CoordinatorEvent {}

    /** The client calls prepare or commit. A commit prepares first. */
    record PrepareRequested() implements CoordinatorEvent {}

    /** The client ({@link Cause#CLIENT}) or an operator ({@link Cause#OPERATOR}, with a reason) calls rollback. */
    record RollbackRequested(Cause cause, @Nullable String reason) implements CoordinatorEvent {
        public RollbackRequested() {
            this(Cause.CLIENT, null);
        }
    }

    /** The client or a participant calls rollback-only: the transaction must not commit. */
    record RollbackOnlyRequested(String reason) implements CoordinatorEvent {}

    /** An active transaction has reached its timeout. */
    record Expired() implements CoordinatorEvent {}

    /** The coordinator is shutting down. */
    record ShutdownStarted() implements CoordinatorEvent {}

    /** A vote. {@code instance} is the one that was registered when it arrived. */
    record VoteArrived(String resourceManager, UUID instance, Ballot ballot) implements CoordinatorEvent {}

    /** The vote timer expired. */
    record VotesOverdue() implements CoordinatorEvent {}

    /** The forced record is durable. */
    record Recorded(TransactionRecord record) implements CoordinatorEvent {}

    /** The forced record is not in the log and never will be. */
    record RecordRefused(String reason) implements CoordinatorEvent {}

    /** The pause after a refused record has ended. */
    record RecordRetryDue() implements CoordinatorEvent {}

    /** The participant committed in one phase. */
    record OnePhaseCommitted(String resourceManager) implements CoordinatorEvent {}

    /** The participant did not commit in one phase and never will. */
    record OnePhaseRefused(String resourceManager, Ballot ballot) implements CoordinatorEvent {}

    /** The coordinator restarted and read the transaction from its log. */
    record Recovered() implements CoordinatorEvent {}

    /** The participant carried out the outcome. */
    record Acknowledged(String resourceManager) implements CoordinatorEvent {}

    /** The participant did not answer, or it is unknown whether it carried out the outcome. */
    record Unanswered(String resourceManager, String reason) implements CoordinatorEvent {}

    /** The participant does not know the transaction. */
    record Lost(String resourceManager, UUID registered, String reason) implements CoordinatorEvent {}

    /** The participant had already ended the transaction with the opposite outcome. */
    record Contradicted(String resourceManager, String reason) implements CoordinatorEvent {}

    /** An operator stops the delivery of the outcome to a participant. */
    record GiveUpRequested(String resourceManager, Resolution resolution) implements CoordinatorEvent {}

    /** An operator discards the commit that was given up for a participant. */
    record DiscardRequested(String resourceManager) implements CoordinatorEvent {}

    /** A participant whose commit was given up has registered or sent an inquiry. */
    record ParticipantReturned(String resourceManager) implements CoordinatorEvent {}

    /** An operator resolved the heuristic outcome. */
    record Resolved(Resolution resolution) implements CoordinatorEvent {}
}
