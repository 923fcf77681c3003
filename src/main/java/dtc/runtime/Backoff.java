package dtc.runtime;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Growing pauses between tries: doubling from {@code first} to {@code cap}, each cut at random to between its half and
 * its whole, so that many that failed together do not come back together.
 */
public record Backoff(Duration first, Duration cap, RandomGenerator random) {

    /** The pause after {@code tries} tries, from 1. */
    public Duration pause(int tries) {
        long whole = Math.min(cap.toMillis(), first.toMillis() << Math.min(tries - 1, 20));
        return Duration.ofMillis(whole / 2 + random.nextLong(whole / 2 + 1));
    }
}
