package dtc.participant.protocol;

import org.jspecify.annotations.Nullable;

/** The answer to a message of the coordinator. */
public sealed interface Reply {

    Reply ACKNOWLEDGED = new Acknowledged();
    Reply VOTED_COMMIT = new Voted(true, null);

    static Reply votedAbort(@Nullable String reason) {
        return new Voted(false, reason == null ? "the transaction has ended here" : reason);
    }

    record Acknowledged() implements Reply {}

    /**
     * A vote.
     *
     * @param reason null for COMMIT
     */
    record Voted(boolean commit, @Nullable String reason) implements Reply {}

    /** The transaction is unknown here, for example because it was lost. */
    record Unknown(String reason) implements Reply {}

    /** The message contradicts what was done here. */
    record Conflict(String reason) implements Reply {}

    /** No answer is possible now. The coordinator sends an outcome again, and counts ABORT instead of a vote. */
    record Unavailable(String reason) implements Reply {}
}
