package dtc.coordinator;

import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.Resolution;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What may happen to a transaction: calls of its client, answers of its participants, the passing of time, the log. */
public sealed interface Event {

    /**
     * The client writes to a resource manager, registered now as {@code instance}.
     *
     * @param carried it travels with the request for the vote, and not by itself
     */
    record WriteRequested(String resourceManager, UUID instance, boolean onePhase, boolean carried) implements Event {}

    /** A write never left, because its resource manager cannot be called. */
    record WriteImpossible(String resourceManager, String reason) implements Event {}

    record WriteStaged(String resourceManager) implements Event {}

    /** A write was refused, or ({@code silent}) left without a clear answer. */
    record WriteFailed(String resourceManager, String reason, boolean silent) implements Event {}

    /** The client asks for prepare, or for commit, which prepares first. */
    record PrepareRequested() implements Event {}

    /** The client ({@link Cause#CLIENT}) or an operator ({@link Cause#OPERATOR}, who gives a reason) asks for it. */
    record RollbackRequested(Cause cause, @Nullable String reason) implements Event {
        public RollbackRequested() {
            this(Cause.CLIENT, null);
        }
    }

    /** The time allowed to an active transaction is over. */
    record Expired() implements Event {}

    /** The coordinator stops; what is not decided yet never will be. */
    record ShutDown() implements Event {}

    /** A vote, and the instance that was registered when it came. */
    record VoteArrived(String resourceManager, UUID instance, Ballot ballot) implements Event {}

    /** The time for votes is over, whatever became of the asking. */
    record VotesOverdue() implements Event {}

    /** The decision, or its delegation, is durable; {@code decidedAt} is part of the record. */
    record Recorded(Instant decidedAt) implements Event {}

    /** The log does not take the decision, and surely never will have it. */
    record RecordRefused(String reason) implements Event {}

    /** The participant committed in one phase. */
    record OnePhaseCommitted(String resourceManager) implements Event {}

    /** The participant surely did not commit in one phase, and never will. */
    record OnePhaseRefused(String resourceManager, Ballot ballot) implements Event {}

    /** The coordinator was restarted, and knows of the transaction from its log. */
    record Recovered() implements Event {}

    /** The participant carried out what was decided. */
    record Acknowledged(String resourceManager) implements Event {}

    /** The participant did not answer, or not clearly. */
    record Unanswered(String resourceManager, String reason) implements Event {}

    /** The participant knows nothing of the transaction, or came back without its memory. */
    record Lost(String resourceManager, String reason) implements Event {}

    /** The participant had already done the opposite. */
    record Contradicted(String resourceManager, String reason) implements Event {}

    /** An operator has looked after the heuristic outcome. */
    record Resolved(Resolution resolution) implements Event {}
}
