package dtc.participant;

/** A metric of a participant, for the adapters. */
public enum ParticipantMeter {
    IN_DOUBT("dtc.participant.in.doubt", "", false),
    OLDEST_IN_DOUBT("dtc.participant.oldest.in.doubt.seconds", "", false),
    UNRESOLVABLE("dtc.participant.unresolvable", "", false),
    REGISTERED("dtc.participant.registered", "", false),
    VOTES_COMMIT("dtc.participant.votes", "COMMIT", true),
    VOTES_ABORT("dtc.participant.votes", "ABORT", true),
    COMMITS("dtc.participant.outcomes", "COMMIT", true),
    ROLLBACKS("dtc.participant.outcomes", "ROLLBACK", true),
    UNAVAILABLE("dtc.participant.unavailable", "", true),
    INQUIRIES("dtc.participant.inquiries", "", true);

    private final String meterName;
    private final String result;
    private final boolean counter;

    ParticipantMeter(String meterName, String result, boolean counter) {
        this.meterName = meterName;
        this.result = result;
        this.counter = counter;
    }

    public String meterName() {
        return meterName;
    }

    /** Returns the value of the tag {@code result}; empty if there is no tag. */
    public String result() {
        return result;
    }

    /** Whether the value only increases. */
    public boolean isCounter() {
        return counter;
    }

    public long value(ParticipantStatus status) {
        return switch (this) {
            case IN_DOUBT -> status.inDoubt();
            case OLDEST_IN_DOUBT -> status.oldestInDoubt().toSeconds();
            case UNRESOLVABLE -> status.unresolvable();
            case REGISTERED -> status.registered() ? 1 : 0;
            case VOTES_COMMIT -> status.votesCommit();
            case VOTES_ABORT -> status.votesAbort();
            case COMMITS -> status.commits();
            case ROLLBACKS -> status.rollbacks();
            case UNAVAILABLE -> status.unavailable();
            case INQUIRIES -> status.inquiries();
        };
    }
}
