package dtc.protocol;

import org.jspecify.annotations.Nullable;

/**
 * A vote, where it comes from, and why.
 *
 * @param reason why the vote is to abort; null otherwise. Never holds a key or a value, for it is logged.
 */
public record Ballot(Vote vote, VoteCause cause, @Nullable String reason) {

    public static final Ballot COMMIT = new Ballot(Vote.COMMIT, VoteCause.VOTED, null);
    public static final Ballot READ_ONLY = new Ballot(Vote.READ_ONLY, VoteCause.VOTED, null);

    public static Ballot abort(String reason) {
        return new Ballot(Vote.ABORT, VoteCause.VOTED, reason);
    }

    /** The vote of a participant that cast none that could be understood. */
    public static Ballot abortFor(VoteCause cause, String reason) {
        return new Ballot(Vote.ABORT, cause, reason);
    }
}
