package dtc.security;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.testing.Waiting;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jboss.logmanager.formatters.PatternFormatter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whatever goes wrong: no token, key or value is logged. */
@QuarkusTest
@TestProfile(World.Secured.class)
class SecrecyTest {

    private static final class Log extends Handler {
        /** The message, and the exception with all its causes. */
        private final Formatter formatter = new PatternFormatter("%s%e");

        private final Queue<String> lines = new ConcurrentLinkedQueue<>();

        @Override
        public void publish(LogRecord entry) {
            lines.add(formatter.format(entry));
        }

        boolean has(String text) {
            return lines.stream().anyMatch(line -> line.contains(text));
        }

        @Override
        public void flush() {
            // nothing is held back
        }

        @Override
        public void close() {
            // nothing is open
        }
    }

    @SuppressWarnings("NullAway.Init") // injected
    World world;

    private final Log log = new Log();
    private final String key = "key-" + UUID.randomUUID();
    private final String value = "value-" + UUID.randomUUID();

    @BeforeEach
    void listen() {
        world.awaitReady();
        Logger.getLogger("").addHandler(log);
    }

    @AfterEach
    void listenNoMore() {
        Logger.getLogger("").removeHandler(log);
        World.write("coordinator-token", world.issuer.token(World.COORDINATOR));
    }

    @Test
    void no_secret_is_logged() throws Exception {
        String client = world.issuer.token("alice", Role.CLIENT);
        String owner = world.issuer.token("foreign", Role.RESOURCE_MANAGER);
        String coordinator = world.issuer.token(World.COORDINATOR);
        String expired = world.issuer.expired("alice", Role.CLIENT);
        String forged = world.issuer.forged("alice", Role.CLIENT);
        String write = "{\"resourceManager\":\"%s\",\"key\":\"" + key + "\",\"value\":\"" + value + "\"}";

        assertEquals("COMMITTED", state(call("POST", "/transactions", client, inOneCall(write, "orders"))));
        for (String token : List.of(expired, forged, owner)) {
            call("POST", "/transactions", token, inOneCall(write, "orders"));
        }
        call("POST", "/transactions", client, "{\"writes\":[" + write.formatted("orders") + ",");
        call("POST", "/transactions", client, "{\"unknown\":" + write.formatted("orders") + "}");

        // Somebody else holds the key.
        String holder = new JsonPath(call("POST", "/transactions", client, "{}").body()).getString("id");
        String there = "/rm/orders/transactions/" + holder;
        world.callAsCoordinator(
                "POST", there + "/writes", coordinator, write.formatted("").replace("\"resourceManager\":\"\",", ""));
        assertEquals(
                200,
                world.callAsCoordinator("POST", there + "/prepare", coordinator, null)
                        .statusCode());
        assertEquals("ROLLED_BACK", state(call("POST", "/transactions", client, inOneCall(write, "orders"))));
        world.callAsCoordinator("POST", there + "/rollback", coordinator, null);

        // A resource manager that does not vote.
        try (Listener foreign = new Listener("127.0.0.1", 0)) {
            call(
                    "PUT",
                    "/resource-managers/foreign",
                    owner,
                    String.format(
                            Locale.ROOT,
                            "{\"url\":\"http://127.0.0.1:%d\",\"instance\":\"%s\"}",
                            foreign.port(),
                            UUID.randomUUID()));
            assertEquals(
                    "ROLLED_BACK",
                    state(call(
                            "POST",
                            "/transactions",
                            client,
                            "{\"autoCommit\":true,\"writes\":[%s,%s]}"
                                    .formatted(write.formatted("foreign"), write.formatted("payments")))));
        }

        // Not a token, and it must not be shown to see that.
        String broken = "half a token " + UUID.randomUUID();
        World.write("coordinator-token", broken);
        Waiting.await().until(() -> log.has("no token can be read"));

        for (String secret : List.of(client, owner, coordinator, expired, forged, broken, key, value)) {
            assertFalse(log.has(secret), () -> "logged: " + log.lines);
        }
        assertTrue(log.has("foreign"), "what went wrong is logged");
    }

    private static String inOneCall(String write, String resourceManager) {
        return "{\"autoCommit\":true,\"writes\":[%s]}".formatted(write.formatted(resourceManager));
    }

    private HttpResponse<String> call(String method, String path, String token, @Nullable String body) {
        return world.call(method, path, token, body);
    }

    private static String state(HttpResponse<String> answer) {
        return new JsonPath(answer.body()).getString("state");
    }
}
