package dtc.console;

import java.time.Duration;
import java.time.Instant;

/**
 * The configuration of the console.
 *
 * @param coordinates whether this process is a coordinator
 * @param timelinesMax the maximum number of timelines kept for each of commits, rollbacks and heuristic outcomes
 * @param timelineBytesMax the maximum estimated memory of each of these three kinds, in bytes
 * @param viewersMax the maximum number of pages with live updates
 * @param actionRequiredAfter how long a decision may be undelivered before an operator must act
 */
public record ConsoleSettings(
        boolean coordinates, int timelinesMax, long timelineBytesMax, int viewersMax, Duration actionRequiredAfter) {

    boolean isOverdue(Instant since, Instant now) {
        return Duration.between(since, now).compareTo(actionRequiredAfter) > 0;
    }
}
