package dtc.participant.sql;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/** Removes what is not needed any more. None of it waits for rows of prepared transactions. Thread-safe. */
public final class Housekeeping {

    private final Database database;
    private final String rm;

    public Housekeeping(Database database, String rm) {
        this.database = database;
        this.rm = rm;
    }

    /** Removes work that arrived after the end of its transaction. Returns the number of rows. */
    public int removeLateWork() throws SQLException {
        return database.inTransaction(connection -> {
            try (PreparedStatement delete = connection.prepareStatement("""
                    DELETE FROM dtc_work w USING dtc_outcome o
                    WHERE w.rm = ? AND o.rm = w.rm AND o.transaction_id = w.transaction_id""")) {
                delete.setString(1, rm);
                return delete.executeUpdate();
            }
        });
    }

    /** Returns transactions whose newest work is older, and that have not voted. */
    public List<UUID> stagedBefore(Duration age) throws SQLException {
        return database.inTransaction(connection -> {
            List<UUID> prepared = database.dialect().prepared(connection, rm).stream()
                    .map(PreparedTransaction::id)
                    .toList();
            try (PreparedStatement select = connection.prepareStatement("""
                    SELECT transaction_id FROM dtc_work WHERE rm = ? GROUP BY transaction_id
                    HAVING max(staged_at) < now() - make_interval(secs => ?)""")) {
                select.setString(1, rm);
                select.setDouble(2, (double) age.toSeconds());
                List<UUID> ids = ParticipantStore.ids(select);
                ids.removeAll(prepared);
                return ids;
            }
        });
    }

    /**
     * Advances the observed time, by which outcomes are kept. A step of the clock, or the time for which no process
     * runs, adds at most {@code max}.
     */
    public void observeTime(Duration max) throws SQLException {
        database.inTransaction(connection -> {
            try (PreparedStatement update = connection.prepareStatement("""
                    UPDATE dtc_participant SET observed_at = now(), observed_seconds = observed_seconds
                        + greatest(0, least(?, extract(epoch FROM now() - observed_at)))::bigint
                    WHERE rm = ? AND (now() < observed_at OR now() > observed_at + interval '10 seconds')""")) {
                update.setLong(1, max.toSeconds());
                update.setString(2, rm);
                return update.executeUpdate();
            }
        });
    }

    /** Removes outcomes that are older, in observed time, and stores the newest id of them. Returns their number. */
    public int forgetOutcomes(Duration age) throws SQLException {
        return database.inTransaction(connection -> {
            // Only ids of version 7 are ordered by time. Another one must not make new ids look old.
            try (PreparedStatement statement = connection.prepareStatement("""
                    WITH forgotten AS (
                      DELETE FROM dtc_outcome o USING dtc_participant p
                      WHERE o.rm = ? AND p.rm = o.rm AND o.ended_at < p.observed_seconds - ?
                      RETURNING o.transaction_id AS id),
                    newest AS (
                      UPDATE dtc_participant p SET newest_forgotten = greatest(p.newest_forgotten, f.id)
                      FROM (SELECT id FROM forgotten WHERE substring(id::text, 15, 1) = '7' ORDER BY id DESC LIMIT 1) f
                      WHERE p.rm = ?)
                    SELECT count(*) FROM forgotten""")) {
                statement.setString(1, rm);
                statement.setLong(2, age.toSeconds());
                statement.setString(3, rm);
                try (ResultSet row = statement.executeQuery()) {
                    return row.next() ? row.getInt(1) : 0;
                }
            }
        });
    }
}
