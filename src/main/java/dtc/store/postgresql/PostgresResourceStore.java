package dtc.store.postgresql;

import dtc.protocol.JsonText;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import dtc.resource.Change;
import dtc.resource.DictionaryState;
import dtc.runtime.participant.ResourceStore;
import dtc.runtime.participant.StoreException;
import dtc.runtime.participant.StoreException.Kind;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.TrustOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Cursor;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PreparedStatement;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Stores one resource manager in PostgreSQL. Each opening raises the epoch in {@code dtc_rm} and uses new connections,
 * because an existing one may be half open. A batch of changes is one statement, and therefore one transaction.
 */
public final class PostgresResourceStore implements ResourceStore {

    /**
     * Longer than the statement timeout of the server, and shorter than the second that the coordinator waits for a
     * vote.
     */
    private static final long ANSWER_TIMEOUT_MILLIS = 900;

    /** A large append may take longer, at least as long as a slow database needs for it. */
    private static final long APPENDED_CHARS_PER_MILLI = 5_000;

    /** At full load, several dozen changes then share a force of the disk. It is a fraction of a vote's time. */
    private static final Duration APPEND_DELAY = Duration.ofMillis(5);

    /** The values of so many keys arrive in time, also if they are large. */
    private static final int READ_KEYS_MAX = 100;

    private static final long OPEN_TIMEOUT_MILLIS = 60_000;
    private static final int READ_CONNECTIONS = 4;
    private static final int FETCH_SIZE = 5_000;

    /** Larger than a page of the HTTP interface. */
    private static final long PAGE_CHARS_MAX = 4L << 20;

    private final String rm;
    private final PostgresSettings settings;
    private final int outcomesMax;
    private final Connector connector;
    private final Statements sql;
    private final Schema schema;
    private final long openTimeoutMillis;
    /** The instance of the resource manager if it is not stored yet. */
    private final UUID newInstance = UUID.randomUUID();
    /** Identifies this process in {@code dtc_rm}. */
    private final UUID owner = UUID.randomUUID();

    /** Whether an opening has completed. */
    private volatile boolean opened;

    private volatile Opening opening = new Opening();

    /** Appends have a connection of their own, so that they do not wait for reads. */
    private record Pools(Pool appends, Pool reads) {
        Future<@Nullable Void> close() {
            return Future.join(appends.close(), reads.close()).mapEmpty();
        }
    }

    /**
     * The state of one call of {@link #open}. Once it has ended, a late answer of the database must not take over the
     * storage, because that would fence the next opening. The last step of an opening closes its connection: closing it
     * earlier would roll back the transaction, and the next statement would run in a transaction of its own.
     * Thread-safe.
     */
    private static final class Opening {
        private boolean ended;
        private @Nullable Pools pools;

        synchronized <T> Future<T> failIfEnded(T result) {
            return ended
                    ? Future.failedFuture(new StoreException(Kind.UNAVAILABLE, "the opening was abandoned"))
                    : Future.succeededFuture(result);
        }

        synchronized Future<Pools> setPools(Pools connected) {
            pools = connected;
            return failIfEnded(connected);
        }

        synchronized Pools pools() {
            Pools connected = pools;
            if (ended || connected == null) {
                throw new StoreException(Kind.UNAVAILABLE, "the database is not connected");
            }
            return connected;
        }

        synchronized Future<@Nullable Void> end() {
            ended = true;
            return pools == null ? Future.succeededFuture() : pools.close();
        }
    }

    /**
     * @param outcomesMax the maximum number of outcomes that are loaded; older ones are deleted
     * @param trust the certificate authorities that are trusted for the server; null if its certificate is not verified
     * @param certificate the certificate of this process; null if it has none
     */
    public PostgresResourceStore(
            Vertx vertx,
            String rm,
            PostgresSettings settings,
            int outcomesMax,
            @Nullable TrustOptions trust,
            @Nullable KeyCertOptions certificate) {
        this(
                rm,
                settings,
                outcomesMax,
                new Connector(vertx, settings, trust, certificate, "dtc rm " + rm),
                new Statements(settings.schema()),
                OPEN_TIMEOUT_MILLIS);
    }

    PostgresResourceStore(
            String rm,
            PostgresSettings settings,
            int outcomesMax,
            Connector connector,
            Statements statements,
            long openTimeoutMillis) {
        this.rm = rm;
        this.settings = settings;
        this.outcomesMax = outcomesMax;
        this.connector = connector;
        this.sql = statements;
        this.schema = new Schema(settings, statements);
        this.openTimeoutMillis = openTimeoutMillis;
    }

    private <T extends @Nullable Object> CompletionStage<T> stage(Future<T> future, long millis) {
        return future.timeout(millis, TimeUnit.MILLISECONDS)
                .recover(failure -> Future.failedFuture(connector.toStoreException(failure)))
                .toCompletionStage();
    }

    // Opening

    @Override
    public CompletionStage<Loaded> open() {
        opening.end();
        Opening next = new Opening();
        opening = next;
        return stage(
                        connector
                                .options()
                                .compose(options -> connector
                                        .connect(options)
                                        .compose(connection -> takeOver(connection, options, next)
                                                .onComplete(_ -> connection.close()))
                                        .compose(loaded ->
                                                connectPools(options, next).map(loaded))),
                        openTimeoutMillis)
                .whenComplete((_, failure) -> {
                    if (failure == null) {
                        opened = true;
                    } else {
                        next.end();
                    }
                });
    }

    private Future<Loaded> takeOver(PgConnection connection, PgConnectOptions options, Opening next) {
        return schema.prepareServer(connection, options)
                .compose(_ -> this.<@Nullable Void>inTransaction(connection, schema::migrate))
                .compose(_ -> schema.checkRights(connection))
                .compose(_ ->
                        inTransaction(connection, one -> raiseEpochAndLoad(one).compose(next::failIfEnded)));
    }

    /** Connects the pools now, so that the first append does not have to wait for a connection. */
    private Future<Pools> connectPools(PgConnectOptions options, Opening next) {
        Pools pools = new Pools(connector.appends(options), connector.pool(options, READ_CONNECTIONS));
        return Future.join(
                        pools.appends().query("SELECT 1").execute(),
                        pools.reads().query("SELECT 1").execute())
                .compose(_ -> next.setPools(pools))
                .onFailure(_ -> pools.close());
    }

    private interface Step<T extends @Nullable Object> {
        Future<T> run(PgConnection connection);
    }

    /**
     * Runs a step in a transaction. Its timeouts are longer, because an opening may wait for a lock and load many rows.
     */
    private <T extends @Nullable Object> Future<T> inTransaction(PgConnection connection, Step<T> step) {
        return connection
                .begin()
                .compose(transaction -> connection
                        .query("SET LOCAL statement_timeout = '50s'; SET LOCAL lock_timeout = '5s'")
                        .execute()
                        .compose(_ -> step.run(connection))
                        .compose(result -> transaction.commit().map(result)));
    }

    /** Raises the epoch, deletes the outcomes beyond the limit, and loads what is stored. */
    private Future<Loaded> raiseEpochAndLoad(PgConnection connection) {
        Map<TransactionId, Map<String, Update>> prepared = new LinkedHashMap<>();
        Set<TransactionId> byOperator = new HashSet<>();
        Map<TransactionId, Outcome> outcomes = new LinkedHashMap<>();
        return connection
                .preparedQuery(sql.insertRm())
                .execute(Tuple.of(rm, newInstance))
                .compose(_ -> connection.preparedQuery(sql.nextEpoch()).execute(Tuple.of(rm, owner, opened)))
                .compose(rows -> failIfFenced("were opened by another process", rows))
                .compose(rows -> connection
                        .preparedQuery(sql.deleteSurplus())
                        .execute(Tuple.of(rm, outcomesMax))
                        .compose(_ -> readAll(connection, sql.prepared(), row -> {
                            TransactionId id = new TransactionId(row.getUUID("transaction"));
                            prepared.computeIfAbsent(id, _ -> new LinkedHashMap<>())
                                    .put(
                                            row.getString("key"),
                                            Batch.update(row.getString("operation"), row.getString("value")));
                            if (row.getBoolean("by_operator")) {
                                byOperator.add(id);
                            }
                        }))
                        .compose(_ -> readAll(
                                connection,
                                sql.outcomes(),
                                row -> outcomes.put(
                                        new TransactionId(row.getUUID("transaction")),
                                        Outcome.valueOf(row.getString("outcome")))))
                        .compose(_ ->
                                connection.preparedQuery(sql.newestEvicted()).execute(Tuple.of(rm)))
                        .map(newest -> {
                            Row row = rows.iterator().next();
                            UUID newestEvicted = newest.iterator().next().getUUID("newest_evicted");
                            return new Loaded(
                                    row.getUUID("instance"),
                                    row.getLong("epoch"),
                                    new DictionaryState(
                                            prepared.entrySet().stream()
                                                    .map(e -> new Change.Prepared(e.getKey(), e.getValue()))
                                                    .toList(),
                                            outcomes,
                                            newestEvicted == null ? null : new TransactionId(newestEvicted)),
                                    byOperator);
                        }));
    }

    /** Reads a limited number of rows at a time, because all of them may not fit into memory. */
    private Future<@Nullable Void> readAll(PgConnection connection, String statement, Consumer<Row> consumer) {
        return connection
                .prepare(statement)
                .compose(prepared -> readAll(prepared, prepared.cursor(Tuple.of(rm)), consumer));
    }

    private static Future<@Nullable Void> readAll(PreparedStatement statement, Cursor cursor, Consumer<Row> consumer) {
        return cursor.read(FETCH_SIZE).<@Nullable Void>compose(rows -> {
            rows.forEach(consumer);
            return cursor.hasMore()
                    ? readAll(statement, cursor, consumer)
                    : cursor.close().compose(_ -> statement.close()).mapEmpty();
        });
    }

    // Appends and reads

    @Override
    public CompletionStage<@Nullable Void> append(long epoch, List<Change> changes) {
        long size = changes.stream().mapToLong(Change::estimatedChars).sum();
        return stage(
                opening.pools()
                        .appends()
                        .preparedQuery(sql.append())
                        .execute(new Batch(changes).parameters(rm, epoch))
                        .compose(rows -> failIfFenced("have a later epoch than " + epoch, rows))
                        .mapEmpty(),
                ANSWER_TIMEOUT_MILLIS + size / APPENDED_CHARS_PER_MILLI);
    }

    private Future<RowSet<Row>> failIfFenced(String reason, RowSet<Row> rows) {
        return rows.size() == 1
                ? Future.succeededFuture(rows)
                : Future.failedFuture(
                        new StoreException(Kind.FENCED, "its tables at %s %s".formatted(settings.address(), reason)));
    }

    @Override
    public int batchMax() {
        return settings.batchMax();
    }

    @Override
    public Duration appendDelay() {
        return APPEND_DELAY;
    }

    @Override
    public CompletionStage<@Nullable Void> checkEpoch(long epoch) {
        return stage(
                opening.pools()
                        .reads()
                        .preparedQuery(sql.checkEpoch())
                        .execute(Tuple.of(rm, epoch))
                        .compose(rows -> failIfFenced("have a later epoch than " + epoch, rows))
                        .mapEmpty(),
                ANSWER_TIMEOUT_MILLIS);
    }

    @Override
    public CompletionStage<Map<String, JsonText>> read(Set<String> keys) {
        Map<String, JsonText> values = new HashMap<>();
        List<String> all = List.copyOf(keys);
        CompletionStage<Map<String, JsonText>> done = CompletableFuture.completedStage(values);
        for (int first = 0; first < all.size(); first += READ_KEYS_MAX) {
            List<String> some = all.subList(first, Math.min(all.size(), first + READ_KEYS_MAX));
            done = done.thenCompose(_ -> read(some, values));
        }
        return done;
    }

    private CompletionStage<Map<String, JsonText>> read(List<String> keys, Map<String, JsonText> values) {
        return stage(
                opening.pools()
                        .reads()
                        .preparedQuery(sql.read())
                        .execute(Tuple.tuple().addString(rm).addArrayOfString(keys.toArray(String[]::new)))
                        .map(rows -> {
                            rows.forEach(row -> values.put(row.getString(0), new JsonText(row.getString(1))));
                            return values;
                        }),
                ANSWER_TIMEOUT_MILLIS);
    }

    @Override
    public CompletionStage<SequencedMap<String, JsonText>> entries(@Nullable String after, int limit) {
        Tuple parameters = Tuple.tuple().addString(rm).addInteger(limit).addLong(PAGE_CHARS_MAX);
        return stage(
                opening.pools()
                        .reads()
                        .preparedQuery(sql.entries(after == null))
                        .execute(after == null ? parameters : parameters.addString(after))
                        .map(rows -> {
                            SequencedMap<String, JsonText> page = new LinkedHashMap<>();
                            rows.forEach(row -> page.put(row.getString(0), new JsonText(row.getString(1))));
                            return page;
                        }),
                ANSWER_TIMEOUT_MILLIS);
    }

    @Override
    public CompletionStage<@Nullable Void> close() {
        return opening.end().toCompletionStage();
    }

    // The command rm new-instance

    /**
     * Assigns a new instance to the resource manager, after its tables were restored from a backup, and fences the
     * process that has it open. Marks its prepared transactions, which an operator must resolve. Completes with the
     * number of these transactions.
     */
    public CompletionStage<Long> renewInstance() {
        return stage(
                connector
                        .options()
                        .compose(connector::connect)
                        .compose(connection -> inTransaction(
                                        connection,
                                        one -> one.preparedQuery(sql.renewInstance())
                                                .execute(Tuple.of(rm, UUID.randomUUID()))
                                                .compose(rows -> rows.size() == 1
                                                        ? one.preparedQuery(sql.resolveByOperator())
                                                                .execute(Tuple.of(rm))
                                                        : Future.failedFuture(new StoreException(
                                                                Kind.UNUSABLE,
                                                                "the database at %s has no resource manager %s: check %s and dtc.rm.store.schema (DTC_RM_STORE_SCHEMA)"
                                                                        .formatted(
                                                                                settings.address(),
                                                                                rm,
                                                                                settings.urlKey()))))
                                                .map(rows ->
                                                        rows.iterator().next().getLong("transactions")))
                                .onComplete(_ -> connection.close())),
                OPEN_TIMEOUT_MILLIS);
    }
}
