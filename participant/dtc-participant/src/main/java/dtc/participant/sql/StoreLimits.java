package dtc.participant.sql;

import java.time.Duration;

/**
 * Limits of what a message waits for. A vote must arrive at the coordinator within a second.
 *
 * @param lockTimeout how long a statement waits for a lock, which another transaction in doubt may hold. Votes of two
 *     services that wait for each other fail after this time
 * @param voteTimeout how long one statement, and all work of a vote, may take
 */
public record StoreLimits(Duration lockTimeout, Duration voteTimeout) {}
