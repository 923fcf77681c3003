package dtc.store.postgresql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import dtc.resource.Change;
import dtc.runtime.participant.ResourceStore;
import dtc.runtime.participant.ResourceStore.Loaded;
import dtc.runtime.participant.StoreException;
import dtc.runtime.participant.StoreException.Kind;
import dtc.store.ResourceStoreContract;
import dtc.testing.NoApplication;
import dtc.testing.PostgresServer;
import dtc.testing.Waiting;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Transaction;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

@NoApplication
class PostgresResourceStoreTest extends ResourceStoreContract {

    private static final int OUTCOMES_MAX = 3;
    private static final Vertx VERTX = Vertx.vertx();

    private final String rm = "rm-" + UUID.randomUUID();
    private final List<PostgresResourceStore> opened = new ArrayList<>();
    private @Nullable PostgresResourceStore store;

    @BeforeAll
    static void start() {
        PostgresServer.shared();
    }

    @AfterEach
    void close() throws Exception {
        for (PostgresResourceStore one : opened) {
            await(one.close());
        }
    }

    @AfterAll
    static void stop() throws Exception {
        await(VERTX.close().toCompletionStage());
    }

    private static PostgresSettings settings(String url, String user, @Nullable Path password, String schema) {
        return PostgresSettings.of("dtc.rm.store.url", url, user, password, schema, "disable", 100);
    }

    private PostgresResourceStore another() {
        PostgresServer server = PostgresServer.shared();
        return another(settings(server.url(), server.username(), server.passwordFile(), "dtc_test"));
    }

    private PostgresResourceStore another(PostgresSettings settings) {
        PostgresResourceStore created = new PostgresResourceStore(VERTX, rm, settings, OUTCOMES_MAX, null, null);
        opened.add(created);
        return created;
    }

    @Override
    protected ResourceStore store() {
        PostgresResourceStore known = store;
        if (known == null) {
            known = another();
            store = known;
        }
        return known;
    }

    private static StoreException failure(CompletionStage<?> stage) {
        ExecutionException failed = assertThrows(
                ExecutionException.class, () -> stage.toCompletableFuture().get(30, TimeUnit.SECONDS));
        StoreException cause = assertInstanceOf(StoreException.class, failed.getCause());
        assertFalse(String.valueOf(cause.getMessage()).contains("\n"), "one line: " + cause.getMessage());
        return cause;
    }

    private static void assertNames(StoreException failure, String... words) {
        for (String word : words) {
            assertTrue(String.valueOf(failure.getMessage()).contains(word), failure::getMessage);
        }
    }

    @Test
    void what_was_stored_is_loaded_again() throws Exception {
        Loaded first = await(store().open());
        Map<String, Update> updates = new LinkedHashMap<>();
        updates.put("put", put("1"));
        updates.put("deleted", new Update.Delete());
        updates.put("checked", new Update.None());
        await(store().append(
                        first.epoch(),
                        List.of(new Change.Prepared(TWO, updates), rolledBack(THREE), committed(ONE, Map.of()))));
        Loaded next = await(another().open());
        assertEquals(first.instance(), next.instance());
        assertEquals(first.epoch() + 1, next.epoch());
        assertEquals(List.of(new Change.Prepared(TWO, updates)), next.state().prepared());
        assertEquals(
                List.of(Map.entry(THREE, Outcome.ROLLBACK), Map.entry(ONE, Outcome.COMMIT)),
                List.copyOf(next.state().outcomes().entrySet()));
        assertNull(next.state().newestEvicted());
        assertEquals(Set.of(), next.resolvedByOperator());
    }

    @Test
    void a_vote_and_its_outcome_in_one_append_leave_nothing_prepared() throws Exception {
        long epoch = await(store().open()).epoch();
        await(store().append(epoch, List.of(new Change.Prepared(ONE, Map.of("a", put("1"))))));
        await(store().append(
                        epoch,
                        List.of(
                                committed(ONE, Map.of("a", put("1"))),
                                new Change.Prepared(TWO, Map.of("a", put("2"))),
                                committed(TWO, Map.of("a", put("2"))),
                                new Change.Prepared(THREE, Map.of("a", put("3"))),
                                rolledBack(THREE))));
        assertEquals(List.of(), await(another().open()).state().prepared());
        assertEquals(Map.of("a", "2"), all());
    }

    @Test
    void evictions_are_stored() throws Exception {
        long epoch = await(store().open()).epoch();
        await(store().append(epoch, List.of(rolledBack(ONE), rolledBack(TWO))));
        await(store().append(
                        epoch,
                        List.of(
                                new Change.Evicted(ONE, ONE),
                                rolledBack(THREE),
                                new Change.Evicted(TWO, TWO),
                                new Change.Evicted(THREE, THREE))));
        Loaded next = await(another().open());
        assertEquals(Map.of(), next.state().outcomes());
        assertEquals(THREE, next.state().newestEvicted());
    }

    @Test
    void outcomes_above_the_limit_are_evicted_at_the_opening() throws Exception {
        long epoch = await(store().open()).epoch();
        TransactionId random = new TransactionId(UUID.fromString("ffffffff-0000-4000-8000-000000000000"));
        List<Change> changes = new ArrayList<>(List.of(rolledBack(id(9)), rolledBack(random)));
        for (int i = 1; i <= OUTCOMES_MAX; i++) {
            changes.add(rolledBack(id(i)));
        }
        await(store().append(epoch, changes));
        Loaded next = await(another().open());
        assertEquals(
                List.of(id(1), id(2), id(3)),
                List.copyOf(next.state().outcomes().keySet()));
        assertEquals(id(9), next.state().newestEvicted());
    }

    @Test
    void an_earlier_epoch_stores_nothing_of_any_kind() throws Exception {
        Loaded first = await(store().open());
        await(store().append(first.epoch(), List.of(new Change.Prepared(ONE, Map.of("a", put("1"))), rolledBack(TWO))));
        ResourceStore second = another();
        Loaded next = await(second.open());
        for (Change change : List.of(
                new Change.Prepared(THREE, Map.of("a", put("1"))),
                committed(ONE, Map.of("a", put("1"))),
                rolledBack(THREE),
                new Change.Evicted(TWO, TWO))) {
            assertEquals(
                    Kind.FENCED,
                    failure(store().append(first.epoch(), List.of(change))).kind());
        }
        assertEquals(Kind.FENCED, failure(store().checkEpoch(first.epoch())).kind());
        await(second.checkEpoch(next.epoch()));
        Loaded last = await(another().open());
        assertEquals(next.state(), last.state());
        assertEquals(Map.of(), await(second.entries(null, 10)));
    }

    /** Each attempt to store the commit would fail, and so it would never end. */
    @Test
    void a_large_transaction_has_more_time_than_a_vote() throws Exception {
        PostgresServer server = PostgresServer.shared();
        PostgresSettings slow = settingsOf("dtc_slow");
        PostgresResourceStore one = another(slow);
        long epoch = await(one.open()).epoch();
        server.in(
                "dtc",
                "CREATE FUNCTION dtc_slow.pause() RETURNS trigger LANGUAGE plpgsql AS"
                        + " $$ BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END $$;"
                        + " CREATE TRIGGER pause AFTER INSERT ON dtc_slow.dtc_entry EXECUTE FUNCTION dtc_slow.pause()");
        Map<String, Update> large = new LinkedHashMap<>();
        for (int i = 0; i < 150; i++) {
            large.put("key-" + i, put('"' + "x".repeat(60_000) + '"'));
        }
        await(one.append(epoch, List.of(committed(ONE, large))));
        assertEquals(large.keySet(), await(one.read(large.keySet())).keySet());
        assertEquals(
                Kind.UNAVAILABLE,
                failure(one.append(epoch, List.of(committed(TWO, Map.of("k", put("1"))))))
                        .kind());
    }

    @Test
    void an_append_that_is_planned_while_the_tables_are_empty_uses_their_indexes() throws Exception {
        PostgresServer server = PostgresServer.shared();
        PostgresSettings settings = settingsOf("dtc_empty");
        await(another(settings).open());
        server.in("dtc", "DELETE FROM dtc_empty.dtc_rm");
        for (String table : List.of("rm", "entry", "prepared", "outcome")) {
            server.in("dtc", "VACUUM ANALYZE dtc_empty.dtc_" + table);
        }
        Connector connector = new Connector(VERTX, settings, null, null, "plans");
        PgConnection connection =
                await(connector.options().compose(connector::connect).toCompletionStage());
        List<String> plan = new ArrayList<>();
        await(connection
                .query("SET plan_cache_mode = force_generic_plan; PREPARE append AS "
                        + new Statements("dtc_empty").append())
                .execute()
                .compose(_ -> connection
                        .query("EXPLAIN EXECUTE append ('rm', 1" + ", '{}'".repeat(11) + ", NULL)")
                        .execute())
                .onSuccess(rows -> rows.forEach(row -> plan.add(row.getString(0))))
                .eventually(() -> connection.close())
                .toCompletionStage());
        assertTrue(plan.stream().anyMatch(line -> line.contains("Index Scan using dtc_prepared_pkey")), plan::toString);
        assertFalse(plan.stream().anyMatch(line -> line.contains("Seq Scan on dtc_")), plan::toString);
    }

    @Test
    void the_longest_keys_can_be_stored() throws Exception {
        long epoch = await(store().open()).epoch();
        StringBuilder key = new StringBuilder();
        new Random(1).ints(850, 0x4E00, 0x9FFF).forEach(key::appendCodePoint);
        String longest = key.toString();
        await(store().append(epoch, List.of(new Change.Prepared(ONE, Map.of(longest, put("1"))))));
        await(store().append(epoch, List.of(committed(ONE, Map.of(longest, put("1"))))));
        assertEquals(Map.of(longest, "1"), all());
    }

    /** Otherwise a process that was cut off would fence the one that replaced it. */
    @Test
    void a_process_that_was_replaced_does_not_take_over_again() throws Exception {
        long epoch = await(store().open()).epoch();
        assertEquals(epoch + 1, await(store().open()).epoch(), "there is no other process");
        ResourceStore second = another();
        long next = await(second.open()).epoch();
        StoreException failure = failure(store().open());
        assertEquals(Kind.FENCED, failure.kind());
        assertNames(failure, "were opened by another process");
        await(second.checkEpoch(next));
        await(second.append(next, List.of(rolledBack(ONE))));
        assertEquals(next + 1, await(second.open()).epoch());
    }

    /** An opening waits for an append that holds the epoch, and sees what it stored. */
    @Test
    void an_append_and_an_opening_at_the_same_time_are_one_after_the_other() throws Exception {
        long epoch = await(store().open()).epoch();
        for (int i = 1; i <= 20; i++) {
            TransactionId id = id(100 + i);
            CompletableFuture<@Nullable Void> append = store().append(
                            epoch, List.of(new Change.Prepared(id, Map.of("k" + i, put("1")))))
                    .toCompletableFuture();
            ResourceStore other = another();
            Loaded loaded = await(other.open());
            boolean stored = append.handle((_, failure) -> failure == null).get(20, TimeUnit.SECONDS);
            boolean seen =
                    loaded.state().prepared().stream().anyMatch(one -> one.id().equals(id));
            assertEquals(stored, seen);
            store = (PostgresResourceStore) other;
            epoch = loaded.epoch();
        }
    }

    @Test
    void an_append_that_waits_for_a_lock_fails_before_the_vote_is_due() throws Exception {
        PostgresServer server = PostgresServer.shared();
        long epoch = await(store().open()).epoch();
        Thread holder = Thread.ofVirtual()
                .start(() -> server.in(
                        "dtc",
                        "BEGIN; UPDATE dtc_test.dtc_rm SET epoch = epoch WHERE id = '" + rm + "'; SELECT pg_sleep(3)"));
        Waiting.await("the row is locked")
                .until(() -> server.in(
                                "dtc",
                                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%" + rm
                                        + "%' AND wait_event = 'PgSleep'")
                        .equals("1"));
        StoreException failure = failure(store().append(epoch, List.of(rolledBack(ONE))));
        assertEquals(Kind.REFUSED, failure.kind());
        assertTrue(holder.isAlive(), "it did not wait for the other one");
        holder.join();
    }

    /** Otherwise it would fence the opening that follows. */
    @Test
    void an_abandoned_opening_does_not_take_over_when_the_database_answers_later() throws Exception {
        PostgresServer server = PostgresServer.shared();
        long epoch = await(store().open()).epoch();
        String name = "abandoned " + rm;
        Connector connector = new Connector(VERTX, settingsOf("dtc_test"), null, null, name);
        PgConnection holder =
                await(connector.options().compose(connector::connect).toCompletionStage());
        Transaction lock = await(holder.begin().toCompletionStage());
        await(holder.query("UPDATE dtc_test.dtc_rm SET epoch = epoch WHERE id = '" + rm + "'")
                .execute()
                .toCompletionStage());
        PostgresResourceStore slow = new PostgresResourceStore(
                rm, settingsOf("dtc_test"), OUTCOMES_MAX, connector, new Statements("dtc_test"), 1_000);
        assertEquals(Kind.UNAVAILABLE, failure(slow.open()).kind());
        await(lock.rollback().toCompletionStage());
        await(holder.close().toCompletionStage());
        Waiting.await("the opening has ended")
                .until(() -> server.in(
                                "dtc", "SELECT count(*) FROM pg_stat_activity WHERE application_name = '" + name + "'")
                        .equals("0"));
        await(store().checkEpoch(epoch));
    }

    @Test
    void an_instance_is_renewed_on_request_only_and_then_prepared_transactions_are_left_to_an_operator()
            throws Exception {
        Loaded first = await(store().open());
        await(store().append(first.epoch(), List.of(new Change.Prepared(ONE, Map.of("a", put("1"), "b", put("1"))))));
        assertEquals(1, await(another().renewInstance()));
        assertEquals(Kind.FENCED, failure(store().checkEpoch(first.epoch())).kind(), "the running process");
        assertEquals(Kind.FENCED, failure(store().open()).kind(), "it has the data of before");
        Loaded next = await(another().open());
        assertNotEquals(first.instance(), next.instance());
        assertEquals(Set.of(ONE), next.resolvedByOperator());
        assertNames(
                failure(new PostgresResourceStore(VERTX, "nobody", settingsOf("dtc_test"), 1, null, null)
                        .renewInstance()),
                "nobody");
    }

    private static PostgresSettings settingsOf(String schema) {
        PostgresServer server = PostgresServer.shared();
        return settings(server.url(), server.username(), server.passwordFile(), schema);
    }

    @Test
    void several_first_openings_at_the_same_time_create_the_tables_once() throws Exception {
        List<CompletableFuture<Loaded>> openings = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            PostgresResourceStore one =
                    new PostgresResourceStore(VERTX, "rm" + i, settingsOf("dtc_new"), 1, null, null);
            opened.add(one);
            openings.add(one.open().toCompletableFuture());
        }
        for (CompletableFuture<Loaded> opening : openings) {
            assertEquals(1, await(opening).epoch());
        }
    }

    @Test
    void a_wrong_password_is_explained() throws Exception {
        PostgresServer server = PostgresServer.shared();
        Path wrong = Files.writeString(Files.createTempFile("dtc", ".password"), "wrong");
        StoreException failure = failure(another(settings(server.url(), server.username(), wrong, "dtc_test"))
                .open());
        assertEquals(Kind.UNUSABLE, failure.kind());
        assertNames(failure, "dtc.rm.store.username (DTC_RM_STORE_USERNAME)", "DTC_RM_STORE_PASSWORD_FILE");
        StoreException missing =
                failure(another(settings(server.url(), server.username(), Path.of("/no/such"), "dtc_test"))
                        .open());
        assertEquals(Kind.UNUSABLE, missing.kind());
        assertNames(missing, "/no/such", "DTC_RM_STORE_PASSWORD_FILE");
    }

    @Test
    void a_missing_database_and_an_unreachable_server_are_explained() {
        PostgresServer server = PostgresServer.shared();
        StoreException missing =
                failure(another(settings(server.url("none"), server.username(), server.passwordFile(), "dtc_test"))
                        .open());
        assertEquals(Kind.UNUSABLE, missing.kind());
        assertNames(missing, "none", "dtc.rm.store.url");
        StoreException unreachable = failure(
                another(settings("postgresql://127.0.0.1:1/dtc", server.username(), server.passwordFile(), "dtc_test"))
                        .open());
        assertEquals(Kind.UNAVAILABLE, unreachable.kind());
        assertNames(unreachable, "127.0.0.1:1/dtc", "dtc.rm.store.url");
    }

    @Test
    void missing_rights_are_explained() throws Exception {
        PostgresServer server = PostgresServer.shared();
        await(another(settingsOf("dtc_rights")).open());
        server.in(
                "dtc",
                "CREATE ROLE reader LOGIN PASSWORD '"
                        + Files.readString(server.passwordFile()).strip()
                        + "'; GRANT USAGE ON SCHEMA dtc_rights TO reader;"
                        + " GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dtc_rights TO reader;"
                        + " REVOKE DELETE ON dtc_rights.dtc_prepared FROM reader");
        PostgresSettings reader = settings(server.url(), "reader", server.passwordFile(), "dtc_rights");
        StoreException failure = failure(another(reader).open());
        assertEquals(Kind.UNUSABLE, failure.kind());
        assertNames(failure, "dtc_rights.dtc_prepared: DELETE", "DTC_RM_STORE_USERNAME", "GRANT");
        server.in("dtc", "GRANT DELETE ON dtc_rights.dtc_prepared TO reader");
        await(another(reader).open());
        StoreException cannotCreate =
                failure(another(settings(server.url(), "reader", server.passwordFile(), "dtc_other"))
                        .open());
        assertEquals(Kind.UNUSABLE, cannotCreate.kind());
        assertNames(cannotCreate, "reader", "dtc_other");
    }

    @Test
    void a_newer_schema_is_refused() throws Exception {
        await(another(settingsOf("dtc_newer")).open());
        PostgresServer.shared().in("dtc", "UPDATE dtc_newer.dtc_schema SET version = 2");
        StoreException failure = failure(another(settingsOf("dtc_newer")).open());
        assertEquals(Kind.UNUSABLE, failure.kind());
        assertNames(failure, "version 2", "dtc_newer", "newer release");
    }

    @Test
    void synchronous_commit_is_on_even_if_the_server_turns_it_off() throws Exception {
        PostgresServer server = PostgresServer.shared();
        server.in("dtc", "CREATE DATABASE dtc_async OWNER dtc");
        server.sql("ALTER DATABASE dtc_async SET synchronous_commit = off");
        PostgresSettings async = settings(server.url("dtc_async"), server.username(), server.passwordFile(), "public");
        PostgresResourceStore one = another(async);
        long epoch = await(one.open()).epoch();
        server.in(
                "dtc_async",
                "CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS"
                        + " $$ BEGIN NEW.value := current_setting('synchronous_commit'); RETURN NEW; END $$;"
                        + " CREATE TRIGGER seen BEFORE INSERT ON dtc_entry FOR EACH ROW EXECUTE FUNCTION seen()");
        await(one.append(epoch, List.of(committed(ONE, Map.of("a", put("1"))))));
        assertEquals("on", server.in("dtc_async", "SELECT value FROM dtc_entry"));
    }
}
