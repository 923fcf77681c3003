package dtc.participant.sql;

import dtc.participant.protocol.Outcome;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;

/** PostgreSQL 12 or newer, with {@code PREPARE TRANSACTION}. */
public final class PostgreSqlDialect implements SqlDialect {

    private static final String PREFIX = "dtc:";
    /** The name of the resource manager follows the prefix, a UUID and a colon. */
    private static final int RM_POSITION = PREFIX.length() + 36 + 2;

    private static final String LOCK_NOT_AVAILABLE = "55P03";
    private static final String OBJECT_IN_USE = "55006";
    private static final String UNDEFINED_OBJECT = "42704";
    private static final String SERIALIZATION_FAILURE = "40001";
    /** A class of states. */
    private static final String CONNECTION_EXCEPTION = "08";
    /** What a server sends that stops. */
    private static final Set<String> SHUTDOWN = Set.of("57P01", "57P02", "57P03");

    private static final List<String> TABLES =
            List.of("""
            CREATE TABLE dtc_participant (
              rm text PRIMARY KEY,
              instance uuid NOT NULL,
              instance_since timestamptz NOT NULL DEFAULT '-infinity',
              newest_forgotten uuid,
              observed_seconds bigint NOT NULL DEFAULT 0,
              observed_at timestamptz NOT NULL DEFAULT now())""", """
            CREATE TABLE dtc_work (
              rm text NOT NULL,
              transaction_id uuid NOT NULL,
              number integer NOT NULL,
              position integer NOT NULL,
              name text NOT NULL,
              payload text NOT NULL,
              staged_at timestamptz NOT NULL DEFAULT now(),
              PRIMARY KEY (rm, transaction_id, number, position))""", """
            CREATE TABLE dtc_outcome (
              rm text NOT NULL,
              transaction_id uuid NOT NULL,
              outcome text NOT NULL CHECK (outcome IN ('COMMIT', 'ROLLBACK')),
              reason text,
              ended_at bigint NOT NULL,
              PRIMARY KEY (rm, transaction_id))""", "CREATE INDEX dtc_outcome_ended_at ON dtc_outcome (rm, ended_at)");

    /** Any number that other applications are unlikely to use. */
    private static final long SCHEMA_LOCK = 0x6474635f706172L;

    @Override
    public void checkServer(Connection connection) throws SQLException {
        if (setting(connection, "max_prepared_transactions").equals("0")) {
            throw new IllegalStateException(
                    "PostgreSQL does not allow prepared transactions. Set max_prepared_transactions to at least the"
                            + " number of connections, and restart the server");
        }
        if (setting(connection, "synchronous_commit").equals("off")) {
            throw new IllegalStateException("synchronous_commit is off: votes could be lost in a crash of PostgreSQL");
        }
    }

    private static String setting(Connection connection, String name) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW " + name)) {
            row.next();
            return row.getString(1);
        }
    }

    /**
     * Reads the catalog first: statements such as CREATE INDEX IF NOT EXISTS wait for locks of prepared transactions.
     */
    @Override
    public void createTables(Connection connection) throws SQLException {
        if (hasTables(connection)) {
            return;
        }
        try (Statement statement = connection.createStatement()) {
            // Two processes may start at once.
            statement.execute("SELECT pg_advisory_xact_lock(" + SCHEMA_LOCK + ")");
            if (!hasTables(connection)) {
                for (String table : TABLES) {
                    statement.execute(table);
                }
            }
        }
    }

    private static boolean hasTables(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT to_regclass('dtc_outcome') IS NOT NULL")) {
            return row.next() && row.getBoolean(1);
        }
    }

    @Override
    public void limitWaits(Connection connection, Duration lockTimeout, Duration statementTimeout) throws SQLException {
        execute(connection, limits(lockTimeout, statementTimeout));
    }

    @Override
    public void limitWaitsReadCommitted(Connection connection, Duration lockTimeout, Duration statementTimeout)
            throws SQLException {
        execute(connection, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; " + limits(lockTimeout, statementTimeout));
    }

    private static String limits(Duration lockTimeout, Duration statementTimeout) {
        return "SET LOCAL lock_timeout = " + lockTimeout.toMillis() + "; SET LOCAL statement_timeout = "
                + statementTimeout.toMillis();
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Needs no escaping: the name of a resource manager has no special characters. */
    private static String gid(String rm, UUID id) {
        return PREFIX + id + ":" + rm;
    }

    @Override
    public void prepare(Connection connection, String rm, UUID id) throws SQLException {
        execute(connection, "PREPARE TRANSACTION '" + gid(rm, id) + "'");
    }

    @Override
    public Finished finish(Connection connection, String rm, UUID id, Outcome outcome) throws SQLException {
        try {
            execute(connection, outcome + " PREPARED '" + gid(rm, id) + "'");
            return Finished.DONE;
        } catch (SQLException e) {
            if (Objects.equals(e.getSQLState(), UNDEFINED_OBJECT)) {
                return Finished.NOT_PREPARED;
            }
            if (Objects.equals(e.getSQLState(), OBJECT_IN_USE)) {
                return Finished.BUSY;
            }
            throw e;
        }
    }

    @Override
    public boolean isPrepared(Connection connection, String rm, UUID id) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT 1 FROM pg_prepared_xacts WHERE gid = ? AND database = current_database()")) {
            statement.setString(1, gid(rm, id));
            try (ResultSet row = statement.executeQuery()) {
                return row.next();
            }
        }
    }

    @Override
    public List<PreparedTransaction> prepared(Connection connection, String rm) throws SQLException {
        // The view contains the transactions of all databases of the server, and those of other applications.
        try (PreparedStatement statement = connection.prepareStatement("""
                SELECT substring(gid, ?, 36),
                       (extract(epoch FROM clock_timestamp() - prepared) * 1000)::bigint,
                       (extract(epoch FROM prepared) * 1000000)::bigint
                FROM pg_prepared_xacts
                WHERE database = current_database() AND starts_with(gid, ?) AND substring(gid, ?) = ?
                ORDER BY prepared""")) {
            statement.setInt(1, PREFIX.length() + 1);
            statement.setString(2, PREFIX);
            statement.setInt(3, RM_POSITION);
            statement.setString(4, rm);
            try (ResultSet rows = statement.executeQuery()) {
                List<PreparedTransaction> found = new ArrayList<>();
                while (rows.next()) {
                    found.add(new PreparedTransaction(
                            UUID.fromString(rows.getString(1)),
                            Duration.ofMillis(Math.max(0, rows.getLong(2))),
                            rows.getLong(3)));
                }
                return found;
            }
        }
    }

    @Override
    public Failure classify(SQLException e) {
        // Handlers may throw an exception of their own, without a state.
        String state = Objects.requireNonNullElse(e.getSQLState(), "");
        if (state.startsWith(CONNECTION_EXCEPTION) || SHUTDOWN.contains(state)) {
            return Failure.CONNECTION;
        }
        return state.equals(LOCK_NOT_AVAILABLE) || state.equals(SERIALIZATION_FAILURE) ? Failure.LOCKED : Failure.OTHER;
    }
}
