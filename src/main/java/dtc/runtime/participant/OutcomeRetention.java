package dtc.runtime.participant;

import dtc.runtime.Time;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Determines which outcomes have reached the end of their retention. Samples the number of ended transactions at a
 * fixed interval. Restored outcomes count as new, because the downtime of the process is not measured. Not thread-safe.
 */
final class OutcomeRetention {

    private static final int SAMPLES = 168;

    /** The number of transactions that had ended at a point in time. */
    private record Sample(long ended, long atNanos) {}

    private final Duration retention;
    private final Time time;
    /** The samples within the retention, oldest first. */
    private final Queue<Sample> samples = new ArrayDeque<>();

    private boolean scheduled;

    OutcomeRetention(Duration retention, Time time) {
        this.retention = retention;
        this.time = time;
    }

    /** Schedules the next sample, unless it is already scheduled. */
    void scheduleSample(Runnable step) {
        if (!scheduled) {
            scheduled = true;
            time.after(retention.dividedBy(SAMPLES), step);
        }
    }

    /**
     * Takes a sample. Returns the number of transactions whose retention has ended.
     *
     * @param ended the number of transactions that have ended
     */
    long takeSample(long ended) {
        scheduled = false;
        long now = time.nanos();
        samples.add(new Sample(ended, now));
        long expired = 0;
        for (Sample oldest = samples.peek();
                oldest != null && now - oldest.atNanos() >= retention.toNanos();
                oldest = samples.peek()) {
            expired = samples.remove().ended();
        }
        return expired;
    }
}
