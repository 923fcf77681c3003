package dtc.participant.testing;

import dtc.participant.protocol.Outcome;
import dtc.participant.sql.PostgreSqlDialect;
import dtc.participant.sql.PreparedTransaction;
import dtc.participant.sql.SqlDialect;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Runs actions of a test, each once, between the statements of a process. They stand for another process. */
public final class HookedDialect implements SqlDialect {

    /** A point between two statements. */
    public enum Point {
        BEFORE_PREPARED_IS_READ,
        AFTER_PREPARED_IS_READ,
        BEFORE_PREPARE,
        AFTER_PREPARE,
        AFTER_FINISH,
        BEFORE_SHORT_TRANSACTION
    }

    private final SqlDialect dialect = new PostgreSqlDialect();
    private final Map<Point, Runnable> hooks = new EnumMap<>(Point.class);

    public synchronized void once(Point point, Runnable action) {
        hooks.put(point, action);
    }

    private void reached(Point point) {
        Runnable action;
        synchronized (this) {
            action = hooks.remove(point);
        }
        if (action != null) {
            action.run();
        }
    }

    /** Whether all actions have run. */
    public synchronized boolean isDone() {
        return hooks.isEmpty();
    }

    @Override
    public void checkServer(Connection connection) throws SQLException {
        dialect.checkServer(connection);
    }

    @Override
    public void createTables(Connection connection) throws SQLException {
        dialect.createTables(connection);
    }

    @Override
    public void limitWaits(Connection connection, Duration lockTimeout, Duration statementTimeout) throws SQLException {
        dialect.limitWaits(connection, lockTimeout, statementTimeout);
    }

    @Override
    public void limitWaitsReadCommitted(Connection connection, Duration lockTimeout, Duration statementTimeout)
            throws SQLException {
        reached(Point.BEFORE_SHORT_TRANSACTION);
        dialect.limitWaitsReadCommitted(connection, lockTimeout, statementTimeout);
    }

    @Override
    public void prepare(Connection connection, String rm, UUID id) throws SQLException {
        reached(Point.BEFORE_PREPARE);
        dialect.prepare(connection, rm, id);
        reached(Point.AFTER_PREPARE);
    }

    @Override
    public Finished finish(Connection connection, String rm, UUID id, Outcome outcome) throws SQLException {
        Finished finished = dialect.finish(connection, rm, id, outcome);
        reached(Point.AFTER_FINISH);
        return finished;
    }

    @Override
    public boolean isPrepared(Connection connection, String rm, UUID id) throws SQLException {
        reached(Point.BEFORE_PREPARED_IS_READ);
        boolean prepared = dialect.isPrepared(connection, rm, id);
        reached(Point.AFTER_PREPARED_IS_READ);
        return prepared;
    }

    @Override
    public List<PreparedTransaction> prepared(Connection connection, String rm) throws SQLException {
        return dialect.prepared(connection, rm);
    }

    @Override
    public Failure classify(SQLException e) {
        return dialect.classify(e);
    }
}
