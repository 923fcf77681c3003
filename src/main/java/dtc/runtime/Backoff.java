package dtc.runtime;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Pauses between attempts. They double from {@code first} to {@code cap}; each is reduced at random by up to a half, so
 * that calls that failed together are not repeated together.
 */
public record Backoff(Duration first, Duration cap, RandomGenerator random) {

    /** Returns the pause after a number of attempts, from 1. */
    public Duration pause(int attempts) {
        long whole = Math.min(cap.toMillis(), first.toMillis() << Math.min(attempts - 1, 20));
        return Duration.ofMillis(whole / 2 + random.nextLong(whole / 2 + 1));
    }
}
