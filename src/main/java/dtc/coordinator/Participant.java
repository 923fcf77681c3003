package dtc.coordinator;

import dtc.protocol.Ballot;
import dtc.protocol.State;
import dtc.protocol.Vote;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A resource manager enlisted in one transaction.
 *
 * @param instance the instance that staged the first write; any other instance has lost it
 * @param onePhase whether it can commit in one phase
 * @param ballot its vote, once known
 * @param reason why its state is what it is, where that needs saying
 * @param writes how many writes were sent to it, which is also the sequence number of the last one
 * @param writesUnderWay how many of them are unanswered; it is not asked to vote before this is 0
 * @param tries how often the outcome was told without an acknowledgement
 * @param silent whether it left a message unanswered, so that a rollback need not wait for it: it will ask by itself
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
        int tries,
        boolean silent) {

    static Participant enlist(String resourceManager, UUID instance, boolean onePhase) {
        return new Participant(resourceManager, instance, onePhase, State.ACTIVE, null, null, 0, 0, 0, false);
    }

    Participant sending() {
        return new Participant(
                resourceManager,
                instance,
                onePhase,
                state,
                ballot,
                reason,
                writes + 1,
                writesUnderWay + 1,
                tries,
                silent);
    }

    Participant answered() {
        return new Participant(
                resourceManager, instance, onePhase, state, ballot, reason, writes, writesUnderWay - 1, tries, silent);
    }

    Participant failed(String why, boolean noAnswer) {
        return new Participant(
                resourceManager,
                instance,
                onePhase,
                state,
                ballot,
                why,
                writes,
                writesUnderWay - 1,
                tries,
                silent || noAnswer);
    }

    Participant voted(Ballot cast) {
        State next = cast.vote() == Vote.COMMIT && state == State.PREPARING ? State.PREPARED : state;
        boolean noAnswer = cast.vote() == Vote.ABORT
                && switch (cast.cause()) {
                    case VOTED -> false;
                    case TIMEOUT, ERROR, UNREACHABLE -> true;
                };
        return new Participant(
                resourceManager,
                instance,
                onePhase,
                next,
                cast,
                cast.reason(),
                writes,
                writesUnderWay,
                tries,
                silent || noAnswer);
    }

    Participant to(State next) {
        return to(next, reason);
    }

    Participant to(State next, @Nullable String why) {
        return new Participant(
                resourceManager, instance, onePhase, next, ballot, why, writes, writesUnderWay, tries, silent);
    }

    Participant unanswered(String why) {
        return new Participant(
                resourceManager, instance, onePhase, state, ballot, why, writes, writesUnderWay, tries + 1, true);
    }

    public boolean isReadOnly() {
        return ballot != null && ballot.vote() == Vote.READ_ONLY;
    }

    boolean isSettled() {
        return switch (state) {
            case COMMITTED, ROLLED_BACK, HEURISTIC -> true;
            case ACTIVE, MARKED_ROLLBACK, PREPARING, PREPARED, COMMITTING, ROLLING_BACK -> false;
        };
    }
}
