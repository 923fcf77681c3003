package dtc.runtime.coordinator;

import dtc.runtime.Time;

/**
 * How long coordinators have run on this decision log, summed over restarts. Unlike the wall clock it never jumps. The
 * time between the last record of a process and the next start is not counted.
 */
final class ObservedTime {

    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Time time;
    private final long startNanos;
    private volatile long earlierMillis;

    ObservedTime(Time time) {
        this.time = time;
        this.startNanos = time.nanos();
    }

    /** Continues after the newest record of the earlier processes. */
    void continueAfter(long millis) {
        earlierMillis = millis;
    }

    /** At least 1, since 0 means not known. */
    long millis() {
        return 1 + earlierMillis + (time.nanos() - startNanos) / NANOS_PER_MILLI;
    }
}
