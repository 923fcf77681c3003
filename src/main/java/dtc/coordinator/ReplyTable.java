package dtc.coordinator;

import dtc.protocol.Ballot;
import dtc.protocol.Message;
import dtc.protocol.Refusal;
import dtc.protocol.Reply;
import dtc.protocol.Reply.Acknowledged;
import dtc.protocol.Reply.Conflict;
import dtc.protocol.Reply.NoAnswer;
import dtc.protocol.Reply.NoRoom;
import dtc.protocol.Reply.NotFound;
import dtc.protocol.Reply.ProtocolError;
import dtc.protocol.Reply.Unavailable;
import dtc.protocol.Reply.Unreachable;
import dtc.protocol.Reply.Voted;
import dtc.protocol.VoteCause;
import java.util.UUID;

/**
 * Maps the reply to a message to an event. Replies are interpreted only here.
 *
 * <pre>
 *                Write        Prepare       CommitOnePhase      Commit, Rollback
 * Acknowledged   WriteStaged  vote ABORT    OnePhaseCommitted   Acknowledged
 * Voted          WriteFailed  the vote      Unanswered          Unanswered
 * NotFound       WriteFailed  vote ABORT    OnePhaseRefused     Lost
 * Conflict       WriteFailed  vote ABORT    OnePhaseRefused     Contradicted
 * NoRoom         WriteFailed  vote ABORT    OnePhaseRefused     Unanswered
 * Unavailable    WriteFailed  vote ABORT    Unanswered          Unanswered
 * Unreachable    WriteFailed  vote ABORT    OnePhaseRefused     Unanswered
 * NoAnswer       WriteFailed  vote ABORT    Unanswered          Unanswered
 * ProtocolError  WriteFailed  vote ABORT    Unanswered          Unanswered
 * </pre>
 */
public final class ReplyTable {

    private ReplyTable() {}

    /**
     * Returns the event for a reply to a message.
     *
     * @param registered the instance that is currently registered for the resource manager
     */
    public static CoordinatorEvent event(String resourceManager, UUID registered, Message message, Reply reply) {
        return switch (message) {
            case Message.Write _ -> writeEvent(resourceManager, reply);
            case Message.Prepare _ -> new CoordinatorEvent.VoteArrived(resourceManager, registered, ballot(reply));
            case Message.CommitOnePhase _ -> commitOnePhaseEvent(resourceManager, reply);
            case Message.Commit _, Message.Rollback _ -> outcomeEvent(resourceManager, registered, reply);
        };
    }

    /**
     * Returns the effective reply to a message that was sent again because the first reply was ambiguous. Replies that
     * do not show whether the first attempt was carried out become {@link NoAnswer}.
     */
    public static Reply interpretAfterResend(Message message, Reply reply) {
        boolean isAmbiguous = switch (reply) {
            // A prepare that could not be sent counts as a vote for ABORT, which is always safe.
            case Unreachable _ -> !(message instanceof Message.Prepare);
            // The first attempt may have committed, and the outcome may have been forgotten since.
            case NotFound _, Conflict _, NoRoom _ -> isCommit(message);
            case Acknowledged _, Voted _, Unavailable _, NoAnswer _, ProtocolError _ -> false;
        };
        return isAmbiguous ? new NoAnswer(reply.detail()) : reply;
    }

    private static boolean isCommit(Message message) {
        return switch (message) {
            case Message.Commit _, Message.CommitOnePhase _ -> true;
            case Message.Write _, Message.Prepare _, Message.Rollback _ -> false;
        };
    }

    /**
     * Returns the refusal that a client receives for a failed write.
     *
     * @throws IllegalArgumentException if the write was acknowledged
     */
    public static Refusal.Kind refusal(Reply reply) {
        return switch (reply) {
            case NoAnswer _, Unreachable _ -> Refusal.Kind.RESOURCE_MANAGER_UNRESPONSIVE;
            case Unavailable _ -> Refusal.Kind.OVERLOADED;
            case NoRoom _ -> Refusal.Kind.NO_ROOM;
            case Conflict _ -> Refusal.Kind.WRONG_STATE;
            case NotFound _, ProtocolError _, Voted _ -> Refusal.Kind.RESOURCE_MANAGER_FAILED;
            case Acknowledged _ -> throw new IllegalArgumentException("an acknowledged write is not refused");
        };
    }

    private static CoordinatorEvent writeEvent(String resourceManager, Reply reply) {
        boolean noAnswer = switch (reply) {
            case NoAnswer _, Unreachable _ -> true;
            case Acknowledged _, Voted _, NotFound _, Conflict _, NoRoom _, Unavailable _, ProtocolError _ -> false;
        };
        return reply instanceof Acknowledged
                ? new CoordinatorEvent.WriteStaged(resourceManager)
                : new CoordinatorEvent.WriteFailed(resourceManager, reply.detail(), noAnswer);
    }

    /** Describes a failed write, for the client and as the reason of the transaction. */
    public static String writeFailure(String resourceManager, String reason) {
        return "a write to %s failed: %s".formatted(resourceManager, reason);
    }

    private static Ballot ballot(Reply reply) {
        return switch (reply) {
            case Voted voted -> voted.ballot();
            case Unreachable _ -> Ballot.abortFor(VoteCause.UNREACHABLE, reply.detail());
            case NoAnswer _ -> Ballot.abortFor(VoteCause.TIMEOUT, reply.detail());
            case Acknowledged _ -> Ballot.abortFor(VoteCause.ERROR, "its answer contains no vote");
            case NotFound _, Conflict _, NoRoom _, Unavailable _, ProtocolError _ ->
                Ballot.abortFor(VoteCause.ERROR, reply.detail());
        };
    }

    private static CoordinatorEvent commitOnePhaseEvent(String resourceManager, Reply reply) {
        return switch (reply) {
            case Acknowledged _ -> new CoordinatorEvent.OnePhaseCommitted(resourceManager);
            case NotFound _, Conflict _, NoRoom _ ->
                new CoordinatorEvent.OnePhaseRefused(resourceManager, Ballot.abort(reply.detail()));
            case Unreachable _ ->
                new CoordinatorEvent.OnePhaseRefused(
                        resourceManager, Ballot.abortFor(VoteCause.UNREACHABLE, reply.detail()));
            case Unavailable _, NoAnswer _, ProtocolError _, Voted _ ->
                new CoordinatorEvent.Unanswered(resourceManager, reply.detail());
        };
    }

    private static CoordinatorEvent outcomeEvent(String resourceManager, UUID registered, Reply reply) {
        return switch (reply) {
            case Acknowledged _ -> new CoordinatorEvent.Acknowledged(resourceManager);
            case NotFound _ -> new CoordinatorEvent.Lost(resourceManager, registered, reply.detail());
            case Conflict _ -> new CoordinatorEvent.Contradicted(resourceManager, reply.detail());
            case NoRoom _, Unavailable _, Unreachable _, NoAnswer _, ProtocolError _, Voted _ ->
                new CoordinatorEvent.Unanswered(resourceManager, reply.detail());
        };
    }
}
