package dtc.participant;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/**
 * Accepts writes that clients send through the coordinator, as {@code POST /transactions/{id}/writes}. Optional:
 * without it the service accepts only calls of its own endpoints.
 */
public interface EntryHandler {

    /** Writes a value, at the vote. See {@link WorkHandler#run}. */
    void write(Connection connection, String key, String value) throws Exception;

    /** Returns the committed value as JSON. */
    Optional<String> read(Connection connection, String key) throws SQLException;
}
