package dtc.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.protocol.JsonText;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import dtc.resource.Change;
import dtc.runtime.participant.ResourceStore.Loaded;
import dtc.store.postgresql.PostgresResourceStore;
import dtc.store.postgresql.PostgresSettings;
import dtc.testing.NoApplication;
import dtc.testing.PostgresServer;
import io.vertx.core.Vertx;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

@NoApplication
class NewInstanceCommandTest {

    private static final String SCHEMA = "dtc_command";
    private static final TransactionId IN_DOUBT = new TransactionId(new UUID(0x7000, 1));
    private static final Vertx VERTX = Vertx.vertx();

    private final String rm = "rm-" + UUID.randomUUID();
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @AfterAll
    static void stop() throws Exception {
        await(VERTX.close().toCompletionStage());
    }

    private static <T extends @Nullable Object> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private PostgresResourceStore store() {
        PostgresServer server = PostgresServer.shared();
        PostgresSettings settings = PostgresSettings.of(
                "dtc.rm.store.url", server.url(), server.username(), server.passwordFile(), SCHEMA, "disable", 10);
        return new PostgresResourceStore(VERTX, rm, settings, 10, null, null);
    }

    private Map<String, String> environment(String url) {
        PostgresServer server = PostgresServer.shared();
        return new HashMap<>(Map.of(
                Stores.ownVariable(rm),
                url,
                "DTC_RM_STORE_USERNAME",
                server.username(),
                "DTC_RM_STORE_PASSWORD_FILE",
                server.passwordFile().toString(),
                "DTC_RM_STORE_SCHEMA",
                SCHEMA));
    }

    private int run(Map<String, String> environment, String... words) {
        printed.reset();
        PrintStream print = new PrintStream(printed, true, StandardCharsets.UTF_8);
        return new NewInstanceCommand(environment, print, print).run(List.of(words));
    }

    private void assertPrinted(String... texts) {
        String all = printed.toString(StandardCharsets.UTF_8);
        for (String text : texts) {
            assertTrue(all.contains(text), all);
        }
    }

    @Test
    void what_is_in_doubt_after_a_restore_is_left_to_an_operator() throws Exception {
        PostgresResourceStore before = store();
        Loaded restored = await(before.open());
        await(before.append(
                restored.epoch(),
                List.of(new Change.Prepared(IN_DOUBT, Map.of("k", new Update.Put(new JsonText("1")))))));
        assertEquals(0, run(environment(PostgresServer.shared().url()), "new-instance", rm));
        assertPrinted("in doubt: 1", "rm resolve", "/rm/" + rm + "/transactions");
        PostgresResourceStore after = store();
        Loaded loaded = await(after.open());
        assertNotEquals(restored.instance(), loaded.instance());
        assertEquals(Set.of(IN_DOUBT), loaded.resolvedByOperator());
        await(before.close());
        await(after.close());
    }

    @Test
    void a_failure_names_what_to_change() throws Exception {
        PostgresResourceStore store = store();
        await(store.open());
        await(store.close());
        Map<String, String> environment = environment(PostgresServer.shared().url());
        environment.put("DTC_RM_STORE_URL", PostgresServer.shared().url());
        assertEquals(1, run(environment, "new-instance", "nobody"));
        assertPrinted("nobody", "DTC_RM_STORE_URL", "DTC_RM_STORE_SCHEMA");
        environment.remove("DTC_RM_STORE_USERNAME");
        assertEquals(2, run(environment, "new-instance", rm));
        assertPrinted("DTC_RM_STORE_USERNAME");
        assertEquals(1, run(environment("postgresql://127.0.0.1:1/dtc"), "new-instance", rm));
        assertPrinted("127.0.0.1:1/dtc", Stores.ownVariable(rm));
    }

    @Test
    void wrong_arguments_print_the_usage() {
        Map<String, String> environment = environment("postgresql://127.0.0.1:1/dtc");
        for (String[] words :
                new String[][] {{"new-instance"}, {"new-instance", "a b"}, {"new-instance", rm, "more"}}) {
            assertEquals(2, run(environment, words));
            assertPrinted("usage: rm new-instance", "DTC_RM_STORE_URL");
        }
        assertEquals(2, run(Map.of(), "new-instance", rm));
        assertPrinted("usage: rm new-instance");
    }
}
