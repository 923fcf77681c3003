package dtc.runtime;

import java.time.Duration;
import java.time.Instant;

/** The clock and timers. Simulated in tests. */
public interface Time {

    /** The wall-clock time, for display. Do not base decisions on it, since it may jump. */
    Instant now();

    /** Elapsed nanoseconds since an arbitrary origin. Monotonic. */
    long nanos();

    /** Runs an action once, after a delay. The action must not block. */
    Timer after(Duration delay, Runnable action);

    /** A scheduled action. */
    interface Timer {
        /** Cancels the timer. Does nothing if it has fired. */
        void cancel();
    }
}
