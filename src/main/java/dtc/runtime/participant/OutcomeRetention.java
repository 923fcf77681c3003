package dtc.runtime.participant;

import dtc.runtime.Time;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Measures how old outcomes are, in steps of a fraction of the retention. Those that were restored count as new, since
 * the time without this process was not observed. Not thread-safe.
 */
final class OutcomeRetention {

    private static final int STEPS = 168;

    /** The number of transactions that had ended at a time. */
    private record Mark(long ended, long atNanos) {}

    private final Duration retention;
    private final Time time;
    /** Oldest first. Of the last retention. */
    private final Queue<Mark> marks = new ArrayDeque<>();

    private boolean scheduled;

    OutcomeRetention(Duration retention, Time time) {
        this.retention = retention;
        this.time = time;
    }

    /** Starts the timer of the next step, unless it runs. */
    void schedule(Runnable step) {
        if (!scheduled) {
            scheduled = true;
            time.after(retention.dividedBy(STEPS), step);
        }
    }

    /**
     * Takes a step. Returns how many transactions ended before the retention.
     *
     * @param ended how many transactions have ended
     */
    long expired(long ended) {
        scheduled = false;
        long now = time.nanos();
        marks.add(new Mark(ended, now));
        long expired = 0;
        for (Mark oldest = marks.peek();
                oldest != null && now - oldest.atNanos() >= retention.toNanos();
                oldest = marks.peek()) {
            expired = marks.remove().ended();
        }
        return expired;
    }
}
