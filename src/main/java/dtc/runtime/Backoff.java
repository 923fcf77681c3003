package dtc.runtime;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Pauses between attempts. Exponential from {@code first} to {@code cap}. Each pause is reduced at random by up to a
 * half, so that calls that failed at the same time are not retried at the same time.
 */
public record Backoff(Duration first, Duration cap, RandomGenerator random) {

    /** Returns the pause after the given number of attempts, at least 1. */
    public Duration pause(int attempts) {
        long maxMillis = Math.min(cap.toMillis(), first.toMillis() << Math.min(attempts - 1, 20));
        return Duration.ofMillis(maxMillis / 2 + random.nextLong(maxMillis / 2 + 1));
    }
}
