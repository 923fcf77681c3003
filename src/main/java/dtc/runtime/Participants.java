package dtc.runtime;

import dtc.protocol.Ballot;
import dtc.protocol.VoteCause;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Carries the coordinator's messages to resource managers. */
public interface Participants {

    /** Always completes with a value, and soon (see {@link Lanes}): silence and failure are values too. */
    CompletionStage<Reply> send(Registration target, Message message);

    /** The same for one that had no answer before: it may be why, and shall spoil no other's. */
    default CompletionStage<Reply> sendAlone(Registration target, Message message) {
        return send(target, message);
    }

    /**
     * What came back.
     *
     * @param detail never holds a key or a value, for it is logged
     * @param ballot the vote, where one was asked for; a vote to abort where none came
     */
    record Reply(Kind kind, String detail, @Nullable Ballot ballot) {

        public static final Reply DONE = new Reply(Kind.DONE, "");

        public Reply(Kind kind, String detail) {
            this(kind, detail, null);
        }

        public static Reply voted(Ballot ballot) {
            return new Reply(Kind.DONE, "", ballot);
        }

        /** Whether anything came from it; a vote that was cast in its stead did not. */
        boolean isAnswer() {
            return switch (cause()) {
                case VOTED, ERROR -> true;
                case TIMEOUT, UNREACHABLE -> false;
            };
        }

        /** Asked for a vote; whatever is none counts as a vote to abort. */
        Ballot vote() {
            return ballot == null ? Ballot.abortFor(cause(), detail) : ballot;
        }

        private VoteCause cause() {
            if (ballot != null) {
                return ballot.cause();
            }
            return switch (kind) {
                case UNREACHABLE -> VoteCause.UNREACHABLE;
                case SILENT -> VoteCause.TIMEOUT;
                case DONE, UNKNOWN, CONFLICT, NO_ROOM, UNAVAILABLE, WRONG -> VoteCause.ERROR;
            };
        }

        public enum Kind {
            DONE,
            /** 404: nothing is known of the transaction there. */
            UNKNOWN,
            /** 409: it has voted, or ended the other way. */
            CONFLICT,
            /** 507. */
            NO_ROOM,
            /** 503: it takes nothing now. */
            UNAVAILABLE,
            /** Surely not carried out: it never left, or no connection came about. */
            UNREACHABLE,
            /** Answered, but not as the contract says. */
            WRONG,
            /** No answer, so nobody knows whether it was carried out. */
            SILENT
        }
    }
}
