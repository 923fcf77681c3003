package dtc.runtime;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Exponential backoff from {@code initial} to {@code max}, with jitter: each pause is reduced at random by up to half,
 * so that calls that failed at the same time are not retried at the same time.
 */
public record Backoff(Duration initial, Duration max, RandomGenerator random) {

    /** Returns the pause after the given number of attempts, at least 1. */
    public Duration pause(int attempts) {
        long maxMillis = Math.min(max.toMillis(), initial.toMillis() << Math.min(attempts - 1, 20));
        return Duration.ofMillis(maxMillis / 2 + random.nextLong(maxMillis / 2 + 1));
    }
}
