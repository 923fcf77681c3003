package dtc.bench.system;

import java.util.Locale;

/** The systems, with what a reader must know to compare them. */
public enum SystemName {
    DTC_MEMORY("DTC", "decisions in memory", "own RMs: staging, key locks, votes, in memory"),
    DTC_FILE("DTC", "each decision forced to a file", "own RMs: staging, key locks, votes, in memory"),
    /** To compare batching with. */
    DTC_UNBATCHED("DTC, one message a request", "decisions in memory", "own RMs: staging, key locks, votes, in memory"),
    RESTAT_FILE("Narayana REST-AT", "file object store, forced", "light: staging in memory, no locks"),
    RESTAT_VOLATILE("Narayana REST-AT", "volatile object store", "light: staging in memory, no locks"),
    LRA_FILE("Narayana LRA", "file object store, forced", "light: staging in memory, no locks, no vote"),
    LRA_VOLATILE("Narayana LRA", "volatile object store", "light: staging in memory, no locks, no vote"),
    ECHO("JSON echo", "none", "none");

    private final String title;
    private final String durability;
    private final String participants;

    SystemName(String title, String durability, String participants) {
        this.title = title;
        this.durability = durability;
        this.participants = participants;
    }

    public boolean isDtc() {
        return this == DTC_MEMORY || this == DTC_FILE || this == DTC_UNBATCHED;
    }

    public String title() {
        return title;
    }

    public String durability() {
        return durability;
    }

    public String participants() {
        return participants;
    }

    /** As options and results name it. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
