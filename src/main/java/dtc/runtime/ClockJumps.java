package dtc.runtime;

import java.time.Duration;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Detects jumps of the wall clock, and logs them. No decision depends on the wall clock, but the times that operators
 * see do.
 */
public final class ClockJumps {

    private static final Logger LOG = Logger.getLogger(ClockJumps.class);

    static final Duration CHECK_INTERVAL = Duration.ofSeconds(1);

    /** Smaller jumps do not confuse a reader. */
    static final Duration JUMP_MIN = Duration.ofSeconds(10);

    /** How long a jump is reported. */
    static final Duration REPORTED_FOR = Duration.ofHours(1);

    private final Time time;
    private long offsetNanos;
    private volatile @Nullable Jump latest;

    /** A jump of the wall clock. Negative if it was set back. */
    public record Jump(Duration by, long atNanos) {

        public boolean isBack() {
            return by.isNegative();
        }

        public Duration size() {
            return by.abs();
        }
    }

    public ClockJumps(Time time) {
        this.time = time;
        this.offsetNanos = offsetNanos();
    }

    /** How far the wall clock is ahead of the monotonic clock. */
    private long offsetNanos() {
        return Duration.ofMillis(time.now().toEpochMilli()).toNanos() - time.nanos();
    }

    /** Starts to check the clock. */
    public void start() {
        time.after(CHECK_INTERVAL, () -> {
            start();
            check();
        });
    }

    private void check() {
        long offset = offsetNanos();
        Duration by = Duration.ofSeconds(Math.round((offset - offsetNanos) / 1e9));
        offsetNanos = offset;
        if (by.abs().compareTo(JUMP_MIN) < 0) {
            return;
        }
        latest = new Jump(by, time.nanos());
        LOG.warnf(
                "the clock of this machine %s by %d s. Times in the log and in the console before and after this differ."
                        + " No decision depends on the clock",
                by.isNegative() ? "was set back" : "was set ahead, or the machine was suspended,",
                by.abs().toSeconds());
    }

    /** Returns the latest jump of the last hour; null if there was none. */
    public @Nullable Jump latest() {
        Jump jump = latest;
        return jump == null || time.nanos() - jump.atNanos() > REPORTED_FOR.toNanos() ? null : jump;
    }
}
