package dtc.participant;

import dtc.participant.protocol.Reply;
import dtc.participant.sql.Database;
import dtc.participant.sql.Housekeeping;
import dtc.participant.sql.ParticipantStore;
import dtc.participant.sql.StoreLimits;
import dtc.participant.sql.WorkItem;
import dtc.participant.testing.HookedDialect;
import dtc.participant.testing.PostgresServer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;

/** One of several processes of a service, whose work adds to the balance of an account. */
final class ServiceProcess {

    static final String RM = "accounts";
    static final Duration LOCK_TIMEOUT = Duration.ofMillis(100);
    static final Duration VOTE_TIMEOUT = Duration.ofMillis(900);

    final HookedDialect dialect = new HookedDialect();
    final AtomicInteger runs = new AtomicInteger();
    final Counters counters = new Counters();
    final ParticipantStore store;
    final Housekeeping housekeeping;
    final MessageProcessor processor;

    /** Replaces the work of the service. */
    volatile ParticipantStore.WorkRunner work = ServiceProcess::add;

    ServiceProcess(PostgresServer server, String database) throws SQLException {
        this(new Settings(server, database, ""));
    }

    /** @param options appended to the URL of the database */
    record Settings(PostgresServer server, String database, String options) {}

    ServiceProcess(Settings settings) throws SQLException {
        var dataSource = new org.postgresql.ds.PGSimpleDataSource();
        dataSource.setUrl(settings.server().url(settings.database()) + settings.options());
        dataSource.setUser("postgres");
        Database database = new Database(dataSource, dialect, new StoreLimits(LOCK_TIMEOUT, VOTE_TIMEOUT));
        store = new ParticipantStore(database, RM);
        housekeeping = new Housekeeping(database, RM);
        processor = new MessageProcessor(
                store,
                (connection, item) -> {
                    runs.incrementAndGet();
                    work.run(connection, item);
                },
                counters);
        store.open();
    }

    /** The payload is {@code <account>+<amount>}. */
    static void add(Connection connection, WorkItem item) throws SQLException {
        String[] parts = item.payload().split("\\+", -1);
        try (PreparedStatement update =
                connection.prepareStatement("UPDATE account SET balance = balance + ? WHERE id = ?")) {
            update.setInt(1, Integer.parseInt(parts[1]));
            update.setString(2, parts[0]);
            if (update.executeUpdate() == 0) {
                throw new IllegalStateException("there is no account " + parts[0]);
            }
        }
    }

    Reply stage(UUID id, int number, String payload) {
        return processor.stage(id, number, List.of(new WorkItem("add", payload)));
    }

    Reply prepare(UUID id, int count) {
        return processor.prepare(id, count);
    }

    Reply commit(UUID id) {
        return processor.commit(id, null);
    }

    Reply commitOnePhase(UUID id, int count) {
        return processor.commit(id, count);
    }

    Reply rollback(UUID id) {
        return processor.rollback(id);
    }
}
