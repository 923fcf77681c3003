package dtc.console;

import java.time.Duration;

/**
 * What can be configured.
 *
 * @param coordinates whether this process coordinates, and so has anything to show
 * @param timelinesMax timelines kept of transactions that committed, as many of rollbacks, and of heuristic outcomes
 * @param timelineBytesMax estimated memory of each of these three kinds of timelines, in bytes
 * @param viewersMax pages that are kept up to date at a time
 * @param actionRequiredAfter how long a decision may be undelivered before somebody should look
 */
public record ConsoleSettings(
        boolean coordinates, int timelinesMax, long timelineBytesMax, int viewersMax, Duration actionRequiredAfter) {}
