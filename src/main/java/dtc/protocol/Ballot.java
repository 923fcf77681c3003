package dtc.protocol;

import org.jspecify.annotations.Nullable;

/**
 * A vote with its origin and reason.
 *
 * @param reason why the vote is ABORT; otherwise null. Must not contain keys or values, since it is logged.
 */
public record Ballot(Vote vote, VoteCause cause, @Nullable String reason) {

    public static final Ballot COMMIT = new Ballot(Vote.COMMIT, VoteCause.VOTED, null);
    public static final Ballot READ_ONLY = new Ballot(Vote.READ_ONLY, VoteCause.VOTED, null);

    public static Ballot abort(String reason) {
        return new Ballot(Vote.ABORT, VoteCause.VOTED, reason);
    }

    /** Returns the ABORT that the coordinator records if no valid vote arrived. */
    public static Ballot abortFor(VoteCause cause, String reason) {
        return new Ballot(Vote.ABORT, cause, reason);
    }
}
