package dtc.participant.sql;

import java.time.Duration;
import java.util.UUID;

/**
 * A transaction that has voted COMMIT here.
 *
 * @param age the time since the vote
 * @param prepared when it was prepared, in microseconds since 1970
 */
public record PreparedTransaction(UUID id, Duration age, long prepared) {}
