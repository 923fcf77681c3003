package dtc.runtime;

import java.time.Duration;
import java.time.Instant;

/** The clock and the timers: real ones, or a simulation's. */
public interface Time {

    /** For people to read. Nothing is decided by it, since it may jump. */
    Instant now();

    /** Elapsed nanoseconds since some moment; never goes back. */
    long nanos();

    Timer after(Duration delay, Runnable action);

    /** A timer that was set. */
    interface Timer {
        /** Does nothing where the timer has fired. */
        void cancel();
    }
}
