package dtc.coordinator;

import dtc.protocol.Ballot;
import dtc.protocol.State;
import dtc.protocol.Vote;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A resource manager enlisted in one transaction.
 *
 * @param instance the instance that received the first write; another instance does not have it
 * @param onePhase whether it supports one-phase commit
 * @param ballot its vote; null until it is known
 * @param reason why it is in its state, if that needs an explanation
 * @param writes number of writes sent to it; also the sequence number of the last one
 * @param writesUnderWay number of these that are unanswered; its vote is requested once this is 0
 * @param unresponsive whether it left a message unanswered. A rollback does not wait for such a participant: it asks
 *     for the outcome itself.
 */
public record Participant(
        String resourceManager,
        UUID instance,
        boolean onePhase,
        State state,
        @Nullable Ballot ballot,
        @Nullable String reason,
        int writes,
        int writesUnderWay,
        boolean unresponsive) {

    public Participant {
        if (writesUnderWay < 0 || writesUnderWay > writes) {
            throw new IllegalArgumentException(
                    "%s: %d of %d writes under way".formatted(resourceManager, writesUnderWay, writes));
        }
    }

    static Participant enlist(String resourceManager, UUID instance, boolean onePhase) {
        return new Participant(resourceManager, instance, onePhase, State.ACTIVE, null, null, 0, 0, false);
    }

    Participant writeSent() {
        return withWrites(writes + 1, writesUnderWay + 1);
    }

    /** A duplicate answer changes nothing. */
    Participant writeAnswered() {
        return writesUnderWay == 0 ? this : withWrites(writes, writesUnderWay - 1);
    }

    Participant writeFailed(String why, boolean noAnswer) {
        return writeAnswered().with(state, ballot, why, unresponsive || noAnswer);
    }

    Participant voted(Ballot cast) {
        State next = cast.vote() == Vote.COMMIT && state == State.PREPARING ? State.PREPARED : state;
        boolean noVote = cast.vote() == Vote.ABORT
                && switch (cast.cause()) {
                    case VOTED -> false;
                    case TIMEOUT, ERROR, UNREACHABLE -> true;
                };
        return with(next, cast, cast.reason(), unresponsive || noVote);
    }

    Participant to(State next) {
        return to(next, reason);
    }

    Participant to(State next, @Nullable String why) {
        return with(next, ballot, why, unresponsive);
    }

    Participant unanswered(String why) {
        return with(state, ballot, why, true);
    }

    private Participant withWrites(int sent, int unanswered) {
        return new Participant(
                resourceManager, instance, onePhase, state, ballot, reason, sent, unanswered, unresponsive);
    }

    private Participant with(
            State newState, @Nullable Ballot newBallot, @Nullable String newReason, boolean newUnresponsive) {
        return new Participant(
                resourceManager,
                instance,
                onePhase,
                newState,
                newBallot,
                newReason,
                writes,
                writesUnderWay,
                newUnresponsive);
    }

    public boolean isReadOnly() {
        return ballot != null && ballot.vote() == Vote.READ_ONLY;
    }

    /** Whether nothing has to be sent to it any more. */
    boolean isSettled() {
        return switch (state) {
            case COMMITTED, ROLLED_BACK, HEURISTIC -> true;
            case ACTIVE, MARKED_ROLLBACK, PREPARING, PREPARED, COMMITTING, ROLLING_BACK -> false;
        };
    }
}
