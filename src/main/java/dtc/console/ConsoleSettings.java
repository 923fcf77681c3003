package dtc.console;

import java.time.Duration;
import java.time.Instant;

/**
 * The configuration of the console.
 *
 * @param timelinesMax the maximum number of timelines kept for each of commits, rollbacks and heuristic outcomes
 * @param timelineBytesMax the maximum estimated memory of each of these three kinds, in bytes
 * @param actionRequiredAfter how long a decision may be undelivered before an operator must act
 */
public record ConsoleSettings(int timelinesMax, long timelineBytesMax, Duration actionRequiredAfter) {

    boolean isOverdue(Instant since, Instant now) {
        return Duration.between(since, now).compareTo(actionRequiredAfter) > 0;
    }
}
