package dtc.store.postgresql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.JsonText;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import dtc.resource.Change;
import dtc.runtime.participant.ResourceStore.Loaded;
import dtc.runtime.participant.StoreException;
import dtc.runtime.participant.StoreException.Kind;
import dtc.security.TestCertificates;
import dtc.testing.NoApplication;
import dtc.testing.PostgresServer;
import dtc.testing.RequiredTool;
import dtc.testing.Waiting;
import io.vertx.core.Vertx;
import io.vertx.core.net.PemTrustOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server of its own, with a full disk, or with TLS. */
@NoApplication
class PostgresFailuresIT {

    private static final Vertx VERTX = Vertx.vertx();

    /** Above the size of a segment of the write-ahead log, which is created in full. */
    private static final long FILE_BYTES_MAX = 17L << 20;

    private static final int VALUE_CHARS = 1 << 20;

    private @Nullable PostgresResourceStore store;

    private PostgresResourceStore store(PostgresServer server, String parameters, @Nullable Path authority) {
        PostgresSettings settings = PostgresSettings.of(
                "dtc.rm.store.url",
                server.url() + parameters,
                server.username(),
                server.passwordFile(),
                "public",
                "disable",
                10);
        PostgresResourceStore created = new PostgresResourceStore(
                VERTX,
                "orders",
                settings,
                1_000,
                authority == null ? null : new PemTrustOptions().addCertPath(authority.toString()),
                null);
        store = created;
        return created;
    }

    @AfterEach
    void close() throws Exception {
        if (store != null) {
            await(store.close());
        }
    }

    @AfterAll
    static void stop() throws Exception {
        await(VERTX.close().toCompletionStage());
    }

    private static <T extends @Nullable Object> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    private static StoreException failure(CompletionStage<?> stage) {
        ExecutionException failed = assertThrows(ExecutionException.class, () -> await(stage));
        return assertInstanceOf(StoreException.class, failed.getCause());
    }

    @Test
    void on_a_full_disk_appends_are_refused_and_what_was_stored_before_is_kept() throws Exception {
        RequiredTool.SETPRIV.require();
        try (PostgresServer server = PostgresServer.create()) {
            PostgresResourceStore created = store(server, "", null);
            long epoch = await(created.open()).epoch();
            server.limitFiles(FILE_BYTES_MAX);
            StoreException failure = null;
            int stored = 0;
            while (failure == null) {
                CompletionStage<@Nullable Void> append = created.append(epoch, List.of(committed(stored)));
                try {
                    await(append);
                    stored++;
                } catch (ExecutionException e) {
                    failure = failure(append);
                }
                assertTrue(stored < 100, "the limit has no effect");
            }
            assertEquals(Kind.REFUSED, failure.kind(), failure::getMessage);
            assertTrue(String.valueOf(failure.getMessage()).contains("could not extend file"), failure::getMessage);
            assertEquals(stored, await(created.open()).state().outcomes().size(), "it opens on a full disk");

            server.limitFiles(0);
            Loaded loaded = await(created.open());
            assertEquals(stored, loaded.state().outcomes().size());
            int last = stored;
            // A statement may time out on a busy machine.
            Waiting.await("it appends again").ignoreExceptions().until(() -> {
                await(created.append(await(created.open()).epoch(), List.of(committed(last))));
                return true;
            });
            for (int i = 0; i <= stored; i++) {
                String key = "k" + i;
                assertEquals(Map.of(key, value(i)), await(created.read(java.util.Set.of(key))));
            }
        }
    }

    private static Change committed(int number) {
        return new Change.Ended(
                new TransactionId(new UUID(0x7000, number)),
                Outcome.COMMIT,
                Map.of("k" + number, new Update.Put(value(number))));
    }

    /** Random, because the database compresses others. */
    private static JsonText value(int number) {
        StringBuilder json = new StringBuilder("\"");
        new Random(number).ints(VALUE_CHARS, '0', 'z').forEach(c -> json.append(c == '\\' ? '0' : (char) c));
        return new JsonText(json.append('"').toString());
    }

    @Test
    void a_server_with_tls_is_trusted_only_with_the_right_certificate(@TempDir Path right, @TempDir Path wrong)
            throws Exception {
        TestCertificates certificates = new TestCertificates(right).issue("database");
        Path otherAuthority = new TestCertificates(wrong).authorityFile();
        try (PostgresServer server = PostgresServer.create()) {
            StoreException without =
                    failure(store(server, "?sslmode=require", null).open());
            assertTls(without);

            server.kill();
            server.setCertificate(certificates.certificateFile("database"), certificates.keyFile("database"));
            server.start("ssl=on");
            await(store(server, "?sslmode=require", null).open());
            close();
            assertTls(failure(
                    store(server, "?sslmode=verify-full", otherAuthority).open()));
            PostgresResourceStore trusted = store(server, "?sslmode=verify-full", certificates.authorityFile());
            long epoch = await(trusted.open()).epoch();
            await(trusted.append(epoch, List.of(committed(1))));
            assertEquals(
                    "0",
                    server.sql("SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                            + " WHERE usename = 'dtc' AND NOT ssl"));
        }
    }

    private static void assertTls(StoreException failure) {
        assertEquals(Kind.UNUSABLE, failure.kind(), failure::getMessage);
        assertTrue(
                String.valueOf(failure.getMessage()).contains("DTC_RM_STORE_TLS_CONFIGURATION_NAME"),
                failure::getMessage);
    }
}
