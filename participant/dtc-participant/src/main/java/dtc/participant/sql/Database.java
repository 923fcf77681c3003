package dtc.participant.sql;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.Executor;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The database of the service. Ends each of its transactions before the connection goes back to the pool. */
public final class Database {

    /** Uses a connection. */
    public interface SqlFunction<T extends @Nullable Object, X extends Exception> {
        T apply(Connection connection) throws SQLException, X;
    }

    private static final Executor HERE = Runnable::run;

    private final DataSource dataSource;
    private final SqlDialect dialect;
    private final StoreLimits limits;

    public Database(DataSource dataSource, SqlDialect dialect, StoreLimits limits) {
        this.dataSource = dataSource;
        this.dialect = dialect;
        this.limits = limits;
    }

    SqlDialect dialect() {
        return dialect;
    }

    StoreLimits limits() {
        return limits;
    }

    /** Runs statements that are committed together. Each one reads the newest committed data. */
    public <T> T inTransaction(SqlFunction<T, RuntimeException> function) throws SQLException {
        return committed(connection -> {
            dialect.limitWaitsReadCommitted(connection, limits.lockTimeout(), limits.voteTimeout());
            return function.apply(connection);
        });
    }

    /** Runs statements that are committed together, with the isolation and the limits of the service. */
    <T extends @Nullable Object, X extends Exception> T committed(SqlFunction<T, X> function) throws SQLException, X {
        return rolledBackUnlessEnded(connection -> {
            T result = function.apply(connection);
            connection.commit();
            return result;
        });
    }

    /** Runs statements in one transaction of the database, which is rolled back unless the function ends it. */
    <T extends @Nullable Object, X extends Exception> T rolledBackUnlessEnded(SqlFunction<T, X> function)
            throws SQLException, X {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                return function.apply(connection);
            } finally {
                release(connection);
            }
        }
    }

    <T> T autoCommitted(SqlFunction<T, RuntimeException> function) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(true);
            return function.apply(connection);
        }
    }

    /**
     * Rolls back first, which has no effect if the transaction has ended. To turn on auto-commit, as a pool does too,
     * commits an open transaction, so a connection that cannot be rolled back is closed.
     */
    private static void release(Connection connection) throws SQLException {
        try {
            connection.rollback();
            connection.setAutoCommit(true);
        } catch (SQLException e) {
            connection.abort(HERE);
        }
    }
}
