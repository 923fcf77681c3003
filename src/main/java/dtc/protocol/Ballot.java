package dtc.protocol;

import org.jspecify.annotations.Nullable;

/**
 * A vote with its origin and reason.
 *
 * @param reason why the vote is ABORT; otherwise null. Must not contain values. Log it only {@link #withoutKey}.
 */
public record Ballot(Vote vote, VoteCause cause, @Nullable String reason) {

    /** Precedes a key at the end of a reason. */
    private static final String KEY = ", key: ";

    public static final Ballot COMMIT = new Ballot(Vote.COMMIT, VoteCause.VOTED, null);
    public static final Ballot READ_ONLY = new Ballot(Vote.READ_ONLY, VoteCause.VOTED, null);

    public static Ballot abort(String reason) {
        return new Ballot(Vote.ABORT, VoteCause.VOTED, reason);
    }

    /** Returns the reason of an ABORT for a condition that does not hold. */
    public static String conditionFailedReason(String key) {
        return "a condition does not hold" + KEY + key;
    }

    /** Removes the key from a reason for logs, because a key may contain personal data. */
    public static String withoutKey(String reason) {
        int key = reason.indexOf(KEY);
        return key < 0 ? reason : reason.substring(0, key);
    }

    /** Returns the ABORT that the coordinator records if no valid vote arrived. */
    public static Ballot abortFor(VoteCause cause, String reason) {
        return new Ballot(Vote.ABORT, cause, reason);
    }
}
