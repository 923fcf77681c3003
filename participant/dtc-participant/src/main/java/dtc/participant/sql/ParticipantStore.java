package dtc.participant.sql;

import dtc.participant.protocol.Knowledge;
import dtc.participant.protocol.Knowledge.State;
import dtc.participant.protocol.Outcome;
import dtc.participant.protocol.WorkNumbers;
import dtc.participant.sql.SqlDialect.Failure;
import dtc.participant.sql.SqlDialect.Finished;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The staged work, prepared transactions and outcomes of one resource manager, in the database of the service. All
 * processes of the service share them, and any of them may get any message. Thread-safe.
 *
 * <p><b>The row of the outcome is the lock of a transaction.</b> A vote inserts the row COMMIT before it does anything
 * else, and the row becomes visible with the commit. A rollback and a vote for ABORT insert the row ROLLBACK under the
 * same key, and so wait for a vote that is in progress. Therefore no vote for COMMIT can complete after a recorded
 * rollback.
 *
 * <p><b>Order of reads.</b> Whether the transaction is prepared is read first, and the outcome then, with a new
 * snapshot. In the other order a commit between both reads would be missed. A database removes a prepared transaction
 * only after its changes have become visible.
 */
public final class ParticipantStore {

    /** The result of {@link #run}. */
    public sealed interface RunResult {
        /** Prepared, or committed in one phase. */
        record Done() implements RunResult {}

        /** The work is not complete or has failed. Nothing of it remains. */
        record Failed(String reason) implements RunResult {}

        /** Another process has prepared or ended the transaction, or is about to. */
        record Overtaken(boolean inProgress) implements RunResult {}
    }

    /** The result of {@link #recordRollback}. */
    public enum Recorded {
        DONE,
        /** There is an outcome. */
        EXISTS,
        /** A vote is in progress, or the transaction is prepared. */
        IN_PROGRESS
    }

    /** Does one piece of work in the transaction of the database. */
    public interface WorkRunner {
        void run(Connection connection, WorkItem item) throws Exception;
    }

    /**
     * The data of the resource manager.
     *
     * @param since transactions that were prepared before, in microseconds since 1970, are left to an operator
     */
    public record Identity(UUID instance, @Nullable UUID newestForgotten, long since) {}

    private static final long BEGINNING = Long.MIN_VALUE;

    private final Database database;
    private final SqlDialect dialect;
    private final String rm;

    public ParticipantStore(Database database, String rm) {
        this.database = database;
        this.dialect = database.dialect();
        this.rm = rm;
    }

    // Start

    /** Creates the tables and the instance, unless they exist. */
    public Identity open() throws SQLException {
        database.<Integer, RuntimeException>committed(connection -> {
            dialect.checkServer(connection);
            dialect.createTables(connection);
            try (PreparedStatement insert = connection.prepareStatement(
                    "INSERT INTO dtc_participant (rm, instance) VALUES (?, ?) ON CONFLICT DO NOTHING")) {
                insert.setString(1, rm);
                insert.setObject(2, UUID.randomUUID());
                return insert.executeUpdate();
            }
        });
        return identity();
    }

    /** Returns the current identity. An operator may have changed the instance. */
    public Identity identity() throws SQLException {
        return inTransaction(connection -> {
            try (PreparedStatement select = connection.prepareStatement("""
                    SELECT instance, newest_forgotten,
                           CASE WHEN isfinite(instance_since) THEN (extract(epoch FROM instance_since) * 1000000)::bigint END
                    FROM dtc_participant WHERE rm = ?""")) {
                select.setString(1, rm);
                try (ResultSet row = select.executeQuery()) {
                    if (!row.next()) {
                        throw new IllegalStateException("dtc_participant has no row for " + rm);
                    }
                    Long since = row.getObject(3, Long.class);
                    return new Identity(
                            row.getObject(1, UUID.class),
                            row.getObject(2, UUID.class),
                            since == null ? BEGINNING : since);
                }
            }
        });
    }

    // Messages

    public Knowledge lookup(UUID id) throws SQLException {
        return inTransaction(connection -> lookup(connection, id));
    }

    private Knowledge lookup(Connection connection, UUID id) throws SQLException {
        // In this order: see above.
        if (dialect.isPrepared(connection, rm, id)) {
            return Knowledge.of(State.PREPARED);
        }
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT o.outcome, o.reason, p.newest_forgotten
                FROM dtc_participant p LEFT JOIN dtc_outcome o ON o.rm = p.rm AND o.transaction_id = ?
                WHERE p.rm = ?""")) {
            select.setObject(1, id);
            select.setString(2, rm);
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    throw new IllegalStateException("dtc_participant has no row for " + rm);
                }
                String outcome = row.getString(1);
                if (outcome != null) {
                    return outcome.equals(Outcome.COMMIT.name())
                            ? Knowledge.of(State.COMMITTED)
                            : new Knowledge(State.ROLLED_BACK, row.getString(2));
                }
                UUID forgotten = row.getObject(3, UUID.class);
                // As text: UUID.compareTo compares signed numbers.
                return Knowledge.of(
                        forgotten != null && id.toString().compareTo(forgotten.toString()) <= 0
                                ? State.FORGOTTEN
                                : State.UNKNOWN);
            }
        }
    }

    /**
     * Stages work, unless the number has arrived before.
     *
     * @param number null for the next number
     * @return false if another process used the same next number at the same time: try again
     */
    public boolean stage(UUID id, @Nullable Integer number, List<WorkItem> items) throws SQLException {
        return inTransaction(connection -> {
            int used = number == null ? highestNumber(connection, id) + 1 : number;
            int inserted = 0;
            try (PreparedStatement insert = connection.prepareStatement("""
                    INSERT INTO dtc_work (rm, transaction_id, number, position, name, payload) VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT DO NOTHING""")) {
                for (int position = 0; position < items.size(); position++) {
                    insert.setString(1, rm);
                    insert.setObject(2, id);
                    insert.setInt(3, used);
                    insert.setInt(4, position);
                    insert.setString(5, items.get(position).name());
                    insert.setString(6, items.get(position).payload());
                    inserted += insert.executeUpdate();
                }
            }
            return number != null || inserted == items.size();
        });
    }

    private int highestNumber(Connection connection, UUID id) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("SELECT max(number) FROM dtc_work WHERE rm = ? AND transaction_id = ?")) {
            select.setString(1, rm);
            select.setObject(2, id);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? row.getInt(1) : 0;
            }
        }
    }

    /**
     * Does the staged work in one transaction of the database, and prepares or commits it. An exception means that it
     * is unknown whether that was done.
     *
     * @param count see {@link WorkNumbers#missing}
     */
    public RunResult run(UUID id, @Nullable Integer count, boolean onePhase, WorkRunner runner) throws SQLException {
        Duration limit = database.limits().voteTimeout();
        long start = System.nanoTime();
        return database.rolledBackUnlessEnded(connection -> {
            dialect.limitWaits(connection, database.limits().lockTimeout(), limit);
            RunResult overtaken = lockTransaction(connection, id);
            if (overtaken != null) {
                return overtaken;
            }
            String failure = doWork(connection, id, count, runner);
            if (failure == null && System.nanoTime() - start > limit.toNanos()) {
                failure = "the work took longer than " + limit.toMillis() + " ms";
            }
            if (failure == null) {
                failure = complete(connection, id, onePhase);
            }
            return failure == null ? new RunResult.Done() : new RunResult.Failed(failure);
        });
    }

    /** Inserts the row of the outcome. Returns null if that was possible. */
    private @Nullable RunResult lockTransaction(Connection connection, UUID id) throws SQLException {
        try {
            return insertOutcome(connection, id, Outcome.COMMIT, null) == 1 ? null : new RunResult.Overtaken(false);
        } catch (SQLException e) {
            if (dialect.classify(e) == Failure.LOCKED) {
                return new RunResult.Overtaken(true);
            }
            throw e;
        }
    }

    private @Nullable String doWork(Connection connection, UUID id, @Nullable Integer count, WorkRunner runner)
            throws SQLException {
        SortedMap<Integer, SortedMap<Integer, WorkItem>> work = takeWork(connection, id);
        String missing = WorkNumbers.missing(new TreeSet<>(work.keySet()), count);
        if (missing != null) {
            return missing;
        }
        Connection guarded = GuardedConnection.of(connection);
        try {
            // In the order of the numbers: a message that was delayed does not undo a later one.
            for (SortedMap<Integer, WorkItem> items : work.values()) {
                for (WorkItem item : items.values()) {
                    runner.run(guarded, item);
                }
            }
            return null;
        } catch (SQLException e) {
            Failure failure = dialect.classify(e);
            if (failure == Failure.CONNECTION) {
                throw e;
            }
            return failure == Failure.LOCKED ? "another transaction holds a lock: " + reason(e) : reason(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return reason(e);
        } catch (Exception e) {
            return reason(e);
        }
    }

    private static String reason(Exception e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    /** Removes the work, and returns it in its order. A rollback of the database restores it. */
    private SortedMap<Integer, SortedMap<Integer, WorkItem>> takeWork(Connection connection, UUID id)
            throws SQLException {
        SortedMap<Integer, SortedMap<Integer, WorkItem>> work = new TreeMap<>();
        try (PreparedStatement delete = connection.prepareStatement("""
                DELETE FROM dtc_work WHERE rm = ? AND transaction_id = ?
                RETURNING number, position, name, payload""")) {
            delete.setString(1, rm);
            delete.setObject(2, id);
            try (ResultSet row = delete.executeQuery()) {
                while (row.next()) {
                    work.computeIfAbsent(row.getInt(1), number -> new TreeMap<>())
                            .put(row.getInt(2), new WorkItem(row.getString(3), row.getString(4)));
                }
            }
        }
        return work;
    }

    /** Returns why the database refused. After another exception it is not known whether it was done. */
    private @Nullable String complete(Connection connection, UUID id, boolean onePhase) throws SQLException {
        try {
            if (onePhase) {
                connection.commit();
            } else {
                dialect.prepare(connection, rm, id);
            }
            return null;
        } catch (SQLException e) {
            if (dialect.classify(e) == Failure.CONNECTION) {
                throw e;
            }
            // For example a deferred constraint.
            return reason(e);
        }
    }

    /**
     * Records a rollback and removes staged work. Never ends a prepared transaction: its vote may have been sent, and
     * then only the coordinator may decide.
     */
    public Recorded recordRollback(UUID id, @Nullable String reason) throws SQLException {
        try {
            return inTransaction(connection -> {
                if (insertOutcome(connection, id, Outcome.ROLLBACK, reason) == 0) {
                    return Recorded.EXISTS;
                }
                try (PreparedStatement delete =
                        connection.prepareStatement("DELETE FROM dtc_work WHERE rm = ? AND transaction_id = ?")) {
                    delete.setString(1, rm);
                    delete.setObject(2, id);
                    delete.executeUpdate();
                }
                return Recorded.DONE;
            });
        } catch (SQLException e) {
            if (dialect.classify(e) == Failure.LOCKED) {
                return Recorded.IN_PROGRESS;
            }
            throw e;
        }
    }

    private int insertOutcome(Connection connection, UUID id, Outcome outcome, @Nullable String reason)
            throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                INSERT INTO dtc_outcome (rm, transaction_id, outcome, reason, ended_at)
                SELECT rm, ?, ?, ?, observed_seconds FROM dtc_participant WHERE rm = ?
                ON CONFLICT DO NOTHING""")) {
            insert.setObject(1, id);
            insert.setString(2, outcome.name());
            if (reason == null) {
                insert.setNull(3, Types.VARCHAR);
            } else {
                // PostgreSQL does not store the character 0.
                insert.setString(3, reason.replace('\0', ' '));
            }
            insert.setString(4, rm);
            return insert.executeUpdate();
        }
    }

    public Finished finish(UUID id, Outcome outcome) throws SQLException {
        return database.autoCommitted(connection -> dialect.finish(connection, rm, id, outcome));
    }

    /** Does work at once, outside of a distributed transaction. */
    public void runNow(List<WorkItem> items, WorkRunner runner) throws Exception {
        database.<@Nullable Void, Exception>committed(connection -> {
            Connection guarded = GuardedConnection.of(connection);
            for (WorkItem item : items) {
                runner.run(guarded, item);
            }
            return null;
        });
    }

    // Reads

    public List<PreparedTransaction> prepared() throws SQLException {
        return inTransaction(connection -> dialect.prepared(connection, rm));
    }

    /** Returns at most {@code limit} transactions with staged work and without a vote. */
    public List<UUID> staged(int limit) throws SQLException {
        return inTransaction(connection -> {
            // The work of a prepared transaction is still visible. Those that are prepared meanwhile are listed as
            // staged.
            List<UUID> prepared = dialect.prepared(connection, rm).stream()
                    .map(PreparedTransaction::id)
                    .toList();
            try (PreparedStatement select = connection.prepareStatement(
                    "SELECT DISTINCT transaction_id FROM dtc_work WHERE rm = ? ORDER BY transaction_id LIMIT ?")) {
                select.setString(1, rm);
                select.setInt(2, limit + prepared.size());
                List<UUID> ids = ids(select);
                ids.removeAll(prepared);
                return ids;
            }
        });
    }

    /** Runs a read of the service. */
    public <T> T read(Database.SqlFunction<T, RuntimeException> function) throws SQLException {
        return inTransaction(function);
    }

    private <T> T inTransaction(Database.SqlFunction<T, RuntimeException> function) throws SQLException {
        return database.inTransaction(function);
    }

    static List<UUID> ids(PreparedStatement select) throws SQLException {
        try (ResultSet rows = select.executeQuery()) {
            List<UUID> ids = new ArrayList<>();
            while (rows.next()) {
                ids.add(rows.getObject(1, UUID.class));
            }
            return ids;
        }
    }
}
