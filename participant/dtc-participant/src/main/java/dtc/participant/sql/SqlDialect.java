package dtc.participant.sql;

import dtc.participant.protocol.Outcome;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/** What differs between databases. It must have prepared transactions that any connection can end. */
public interface SqlDialect {

    enum Finished {
        DONE,
        /** There is no such prepared transaction (any more). */
        NOT_PREPARED,
        /** Another connection is ending it. */
        BUSY
    }

    /** Why a statement failed. */
    enum Failure {
        /** A lock was not granted in time. */
        LOCKED,
        /** The connection is broken. It is not known whether the statement was carried out. */
        CONNECTION,
        OTHER
    }

    /** Throws an {@link IllegalStateException} that says what to change if the server cannot be used. */
    void checkServer(Connection connection) throws SQLException;

    /** Creates the tables, unless they exist. Must not wait for locks of prepared transactions. */
    void createTables(Connection connection) throws SQLException;

    /** Limits the waits of the current transaction of the database, which has just begun. */
    void limitWaits(Connection connection, Duration lockTimeout, Duration statementTimeout) throws SQLException;

    /** Like {@link #limitWaits}, and each statement reads the newest committed data. */
    void limitWaitsReadCommitted(Connection connection, Duration lockTimeout, Duration statementTimeout)
            throws SQLException;

    /** Prepares the current transaction of the connection. */
    void prepare(Connection connection, String rm, UUID id) throws SQLException;

    /** Ends a prepared transaction. The connection must be in auto-commit mode. */
    Finished finish(Connection connection, String rm, UUID id, Outcome outcome) throws SQLException;

    boolean isPrepared(Connection connection, String rm, UUID id) throws SQLException;

    /** Returns the prepared transactions of the resource manager in this database, oldest first. */
    List<PreparedTransaction> prepared(Connection connection, String rm) throws SQLException;

    Failure classify(SQLException e);
}
