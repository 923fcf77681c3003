package dtc.coordinator;

import dtc.protocol.Cause;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.Vote;
import java.util.function.ToIntFunction;

/** The codes of enum values in records. The meaning of a code never changes, and a removed code is not reused. */
final class Codes {

    /** Returns the value of a code. Throws {@link IllegalArgumentException} if the code is unknown. */
    interface Decoder<E> {
        E decode(byte code);
    }

    private static final State[] STATES = State.values();
    private static final Outcome[] OUTCOMES = Outcome.values();
    private static final Vote[] VOTES = Vote.values();
    private static final Cause[] CAUSES = Cause.values();

    private Codes() {}

    static byte codeOf(State state) {
        return switch (state) {
            case ACTIVE -> 1;
            case MARKED_ROLLBACK -> 2;
            case PREPARING -> 3;
            case PREPARED -> 4;
            case COMMITTING -> 5;
            case COMMITTED -> 6;
            case ROLLING_BACK -> 7;
            case ROLLED_BACK -> 8;
            case HEURISTIC -> 9;
        };
    }

    static byte codeOf(Outcome outcome) {
        return switch (outcome) {
            case COMMIT -> 1;
            case ROLLBACK -> 2;
            case PENDING -> 3;
        };
    }

    static byte codeOf(Vote vote) {
        return switch (vote) {
            case COMMIT -> 1;
            case ABORT -> 2;
            case READ_ONLY -> 3;
        };
    }

    static byte codeOf(Cause cause) {
        return switch (cause) {
            case VOTED -> 1;
            case ONE_PHASE -> 2;
            case EMPTY -> 3;
            case CLIENT -> 4;
            case EXPIRED -> 5;
            case WRITE_FAILED -> 6;
            case VOTE_ABORT -> 7;
            case VOTE_TIMEOUT -> 8;
            case VOTE_ERROR -> 9;
            case VOTE_UNREACHABLE -> 10;
            case INSTANCE_CHANGED -> 11;
            case LOG_REFUSED -> 12;
            case LOST -> 13;
            case CONTRADICTED -> 14;
            case SHUTDOWN -> 15;
            case OPERATOR -> 16;
            case GIVEN_UP -> 17;
            case ROLLBACK_ONLY -> 18;
        };
    }

    static State decodeState(byte code) {
        return find("state", STATES, Codes::codeOf, code);
    }

    static Outcome decodeOutcome(byte code) {
        return find("decision", OUTCOMES, Codes::codeOf, code);
    }

    static Vote decodeVote(byte code) {
        return find("vote", VOTES, Codes::codeOf, code);
    }

    static Cause decodeCause(byte code) {
        return find("cause", CAUSES, Codes::codeOf, code);
    }

    private static <E> E find(String kind, E[] values, ToIntFunction<E> codeOf, byte code) {
        for (E value : values) {
            if (codeOf.applyAsInt(value) == code) {
                return value;
            }
        }
        throw new IllegalArgumentException("unknown " + kind + " " + code);
    }
}
