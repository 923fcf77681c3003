package dtc.store.postgresql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dtc.protocol.JsonText;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import dtc.resource.Change;
import dtc.testing.NoApplication;
import dtc.testing.PostgresServer;
import dtc.testing.Waiting;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Transaction;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** An append and an opening at the same time, statement by statement, also with appends that check too little. */
@NoApplication
class PostgresFenceTest {

    private static final String SCHEMA = "dtc_fence";
    private static final String LOCK = " FOR SHARE";
    private static final Vertx VERTX = Vertx.vertx();

    private final Statements sql = new Statements(SCHEMA);
    private final String rm = "rm-" + UUID.randomUUID();
    private final List<PgConnection> connections = new ArrayList<>();

    /**
     * How an append checks the epoch.
     *
     * @param checksFirst whether a statement of its own checks the epoch
     */
    record Fence(String name, UnaryOperator<String> append, boolean checksFirst) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Fence> wrong() {
        return Stream.of(
                new Fence("no lock", append -> append.replace(LOCK, ""), false),
                new Fence(
                        "a lock that does not exclude an opening",
                        append -> append.replace(LOCK, " FOR KEY SHARE"),
                        false),
                new Fence(
                        "a check in a statement of its own",
                        append -> append.replace("AND epoch = $2" + LOCK, "AND $2::bigint IS NOT NULL"),
                        true));
    }

    @BeforeAll
    static void start() {
        PostgresServer.shared();
    }

    @AfterEach
    void close() throws Exception {
        for (PgConnection connection : connections) {
            await(connection.close());
        }
    }

    @AfterAll
    static void stop() throws Exception {
        await(VERTX.close());
    }

    @Test
    void an_append_and_an_opening_exclude_each_other() throws Exception {
        assertEquals(List.of(), violations(new Fence("as it is", append -> append, false)));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void an_append_that_checks_too_little_is_found(Fence fence) throws Exception {
        assertNotEquals(sql.append(), fence.append().apply(sql.append()));
        assertFalse(violations(fence).isEmpty());
    }

    private List<String> violations(Fence fence) throws Exception {
        List<String> violations = new ArrayList<>();
        PgConnection appends = connect();
        PgConnection opens = connect();

        long epoch = open();
        Transaction append = await(appends.begin());
        await(append(appends, fence, epoch));
        Future<RowSet<Row>> opening = takeOver(opens);
        awaitLock(opens, opening);
        if (opening.isComplete()) {
            violations.add("an opening did not wait for an append of the earlier epoch");
        }
        await(append.commit());
        await(opening);

        epoch = open();
        Transaction takeOver = await(opens.begin());
        await(takeOver(opens));
        Future<RowSet<Row>> late = append(appends, fence, epoch);
        awaitLock(appends, late);
        await(takeOver.commit());
        if (await(late).size() > 0) {
            violations.add("an append of the earlier epoch was stored after an opening");
        }
        return violations;
    }

    private Future<RowSet<Row>> takeOver(PgConnection connection) {
        return connection.preparedQuery(sql.nextEpoch()).execute(Tuple.of(rm, UUID.randomUUID(), false));
    }

    private Future<RowSet<Row>> append(PgConnection connection, Fence fence, long epoch) {
        Change change = new Change.Prepared(
                new TransactionId(UUID.randomUUID()), Map.of("k", new Update.Put(new JsonText("1"))));
        Future<?> checked = fence.checksFirst()
                ? connection.preparedQuery(sql.checkEpoch()).execute(Tuple.of(rm, epoch))
                : Future.succeededFuture();
        return checked.compose(_ -> connection
                .preparedQuery(fence.append().apply(sql.append()))
                .execute(new Batch(List.of(change)).parameters(rm, epoch)));
    }

    private PostgresSettings settings() {
        PostgresServer server = PostgresServer.shared();
        return PostgresSettings.of(
                "dtc.rm.store.url", server.url(), server.username(), server.passwordFile(), SCHEMA, "disable", 1);
    }

    private long open() throws Exception {
        PostgresResourceStore store = new PostgresResourceStore(VERTX, rm, settings(), 1, null, null);
        long epoch =
                store.open().toCompletableFuture().get(20, TimeUnit.SECONDS).epoch();
        store.close().toCompletableFuture().get(20, TimeUnit.SECONDS);
        return epoch;
    }

    private PgConnection connect() throws Exception {
        Connector connector = new Connector(VERTX, settings(), null, null, "fence");
        PgConnection connection = await(connector.options().compose(connector::connect));
        await(connection
                .query("SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0")
                .execute());
        connections.add(connection);
        return connection;
    }

    /** Waits until the statement is over, or waits for a lock. */
    private static void awaitLock(PgConnection connection, Future<?> statement) {
        String waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = " + connection.processId();
        Waiting.await("a lock or an answer")
                .until(() -> statement.isComplete()
                        || PostgresServer.shared().sql(waits).equals("t"));
    }

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
}
