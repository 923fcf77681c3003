package dtc.coordinator;

import dtc.protocol.Ballot;
import dtc.protocol.Resolution;
import dtc.protocol.State;
import dtc.protocol.Vote;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A resource manager enlisted in one transaction.
 *
 * @param instance the instance that received the first write; other instances do not have the write
 * @param onePhase whether it supports one-phase commit
 * @param ballot its vote; null until known
 * @param reason why it is in its state; null if there is nothing to report
 * @param writes number of writes sent to it and of its enlistments; also the sequence number of the last one
 * @param writesInFlight number of unanswered writes; the vote is requested once this is 0
 * @param unresponsive whether it did not answer a message. A rollback does not wait for such a participant, since it
 *     sends an inquiry.
 * @param givenUp the operator who gave up the delivery of its commit, and why; null if it was not given up, or if it
 *     was delivered or discarded later
 * @param enlistments its latest enlistments that may be repeated, oldest first; empty once it is not active
 */
public record Participant(
        String resourceManager,
        UUID instance,
        boolean onePhase,
        State state,
        @Nullable Ballot ballot,
        @Nullable String reason,
        int writes,
        int writesInFlight,
        boolean unresponsive,
        @Nullable Resolution givenUp,
        List<NumberedRequest> enlistments) {

    /**
     * Maximum number of remembered enlistments. If an older one is repeated, it gets a new number, which never arrives
     * at the resource manager, so the vote is ABORT.
     */
    private static final int ENLISTMENTS_MAX = 100;

    /** An enlistment that may be repeated. */
    record NumberedRequest(UUID request, int sequence) {}

    public Participant {
        enlistments = List.copyOf(enlistments);
        if (writesInFlight < 0 || writesInFlight > writes) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT, "%s: %d of %d writes in flight", resourceManager, writesInFlight, writes));
        }
    }

    static Participant enlist(String resourceManager, UUID instance, boolean onePhase) {
        return new Participant(
                resourceManager, instance, onePhase, State.ACTIVE, null, null, 0, 0, false, null, List.of());
    }

    Participant withWriteSent() {
        return withWrites(writes + 1, writesInFlight + 1, enlistments);
    }

    /** Numbers the work of a resource manager that enlisted itself. Nothing is sent, so nothing is in flight. */
    Participant withEnlistment(@Nullable UUID request) {
        if (request == null) {
            return withWrites(writes + 1, writesInFlight, enlistments);
        }
        List<NumberedRequest> remembered = new ArrayList<>(enlistments);
        remembered.add(new NumberedRequest(request, writes + 1));
        return withWrites(
                writes + 1,
                writesInFlight,
                remembered.subList(Math.max(0, remembered.size() - ENLISTMENTS_MAX), remembered.size()));
    }

    /** Returns the number that an earlier enlistment with this request got; 0 if there was none. */
    int sequenceOf(@Nullable UUID request) {
        for (NumberedRequest enlistment : enlistments) {
            if (enlistment.request().equals(request)) {
                return enlistment.sequence();
            }
        }
        return 0;
    }

    /** Counts a write as answered. Ignores duplicate answers. */
    Participant withWriteAnswered() {
        return writesInFlight == 0 ? this : withWrites(writes, writesInFlight - 1, enlistments);
    }

    Participant withWriteFailed(String newReason, boolean noAnswer) {
        return withWriteAnswered().copyWith(state, ballot, newReason, unresponsive || noAnswer);
    }

    Participant withBallot(Ballot newBallot) {
        State next = newBallot.vote() == Vote.COMMIT && state == State.PREPARING ? State.PREPARED : state;
        boolean noVote = newBallot.vote() == Vote.ABORT
                && switch (newBallot.cause()) {
                    case VOTED -> false;
                    case TIMEOUT, ERROR, UNREACHABLE -> true;
                };
        return copyWith(next, newBallot, newBallot.reason(), unresponsive || noVote);
    }

    Participant withState(State next) {
        return withState(next, reason);
    }

    Participant withState(State next, @Nullable String newReason) {
        return copyWith(next, ballot, newReason, unresponsive);
    }

    Participant markUnresponsive(String newReason) {
        return copyWith(state, ballot, newReason, true);
    }

    /**
     * Stops the delivery of its commit. It is retried when the participant registers or sends an inquiry, until it is
     * delivered or discarded.
     */
    Participant giveUp(Resolution resolution, String newReason) {
        return copyWith(State.HEURISTIC, ballot, newReason, unresponsive, resolution);
    }

    /** Ends the delivery of a commit that was given up. */
    Participant withoutGivenUp() {
        return copyWith(state, ballot, reason, unresponsive, null);
    }

    private Participant withWrites(int newWrites, int newWritesInFlight, List<NumberedRequest> newEnlistments) {
        return new Participant(
                resourceManager,
                instance,
                onePhase,
                state,
                ballot,
                reason,
                newWrites,
                newWritesInFlight,
                unresponsive,
                givenUp,
                newEnlistments);
    }

    private Participant copyWith(
            State newState, @Nullable Ballot newBallot, @Nullable String newReason, boolean newUnresponsive) {
        return copyWith(newState, newBallot, newReason, newUnresponsive, givenUp);
    }

    private Participant copyWith(
            State newState,
            @Nullable Ballot newBallot,
            @Nullable String newReason,
            boolean newUnresponsive,
            @Nullable Resolution newGivenUp) {
        return new Participant(
                resourceManager,
                instance,
                onePhase,
                newState,
                newBallot,
                newReason,
                writes,
                writesInFlight,
                newUnresponsive,
                newGivenUp,
                newState == State.ACTIVE ? enlistments : List.of());
    }

    public boolean isReadOnly() {
        return ballot != null && ballot.vote() == Vote.READ_ONLY;
    }

    /** Whether it needs no further messages. */
    public boolean isSettled() {
        return switch (state) {
            case COMMITTED, ROLLED_BACK, HEURISTIC -> true;
            case ACTIVE, MARKED_ROLLBACK, PREPARING, PREPARED, COMMITTING, ROLLING_BACK -> false;
        };
    }
}
