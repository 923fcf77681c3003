package dtc.runtime;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * Detects jumps of the wall clock, and logs them. No decision depends on the wall clock, but the times that operators
 * see do.
 */
public final class ClockJumps {

    private static final Logger LOG = Logger.getLogger(ClockJumps.class);

    static final Duration CHECK_INTERVAL = Duration.ofSeconds(1);

    /** Smaller jumps are not reported. */
    static final Duration JUMP_MIN = Duration.ofSeconds(10);

    /** How long a jump is reported. */
    static final Duration REPORT_DURATION = Duration.ofHours(1);

    /** Maximum number of jumps that are kept. */
    private static final int JUMPS_MAX = 5;

    private final Time time;
    private long offsetNanos;
    /** The latest jumps, oldest first. */
    private volatile List<Observed> jumps = List.of();

    /**
     * A jump of the wall clock. Negative if it was set back.
     *
     * @param age the time since the jump
     */
    public record Jump(Duration amount, Duration age) {

        public boolean isBackward() {
            return amount.isNegative();
        }

        public Duration size() {
            return amount.abs();
        }
    }

    private record Observed(Duration amount, long atNanos) {}

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
        Duration amount = Duration.ofSeconds(Math.round((offset - offsetNanos) / 1e9));
        offsetNanos = offset;
        if (amount.abs().compareTo(JUMP_MIN) < 0) {
            return;
        }
        List<Observed> before = jumps;
        jumps = Stream.concat(
                        before.stream().skip(Math.max(0, before.size() - JUMPS_MAX + 1)),
                        Stream.of(new Observed(amount, time.nanos())))
                .toList();
        LOG.warnf(
                "the clock of this machine %s by %d s. Times from before this cannot be compared with times from after"
                        + " it.%s No decision depends on the clock",
                amount.isNegative() ? "was set back" : "jumped forward, or the machine was suspended,",
                amount.abs().toSeconds(),
                amount.isNegative() ? " New transaction ids stay ahead of the clock until it has caught up." : "");
    }

    /** Returns the latest jumps of the last hour, oldest first. */
    public List<Jump> recent() {
        long now = time.nanos();
        return jumps.stream()
                .map(observed -> new Jump(observed.amount(), Duration.ofNanos(now - observed.atNanos())))
                .filter(jump -> jump.age().compareTo(REPORT_DURATION) <= 0)
                .toList();
    }
}
