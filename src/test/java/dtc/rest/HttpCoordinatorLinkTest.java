package dtc.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.security.Outbound;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.Vertx;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Only a valid answer of the coordinator counts. Otherwise the transaction stays in doubt and the inquiry is repeated.
 */
@QuarkusTest
class HttpCoordinatorLinkTest {

    private static final TransactionId ID = new TransactionId(UUID.fromString("0199f2d4-7a3c-7d21-9f0e-2b1c4d5e6f70"));

    @Inject
    Vertx vertx;

    @Inject
    ObjectMapper mapper;

    private HttpServer server;
    private HttpCoordinatorLink link;
    private int status = 200;
    private String body = "";
    private volatile String request = "";
    private volatile @Nullable String newestEvicted;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        server.createContext("/", this::answer);
        server.start();
        URI base = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
        CoordinatorApi api = Clients.build(
                vertx, CoordinatorApi.class, base, Duration.ofSeconds(5), 10, true, new Outbound(null, null, null));
        link = new HttpCoordinatorLink(() -> api, mapper, () -> "http://127.0.0.1:1");
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            request = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            newestEvicted = exchange.getRequestHeaders().getFirst("DTC-Newest-Forgotten");
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @ParameterizedTest
    @CsvSource({"COMMIT,COMMIT", "ROLLBACK,ROLLBACK", "PENDING,PENDING"})
    void an_outcome_is_one_of_three_words(String word, Outcome outcome) {
        body = "{\"id\":\"%s\",\"outcome\":\"%s\",\"more\":1}".formatted(ID, word);
        assertEquals(outcome, await(link.outcome(ID)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "nonsense",
                "{",
                "[]",
                "null",
                "{}",
                "\"COMMIT\"",
                "{\"outcome\":null}",
                "{\"outcome\":\"commit\"}",
                "{\"outcome\":\"COMMITTED\"}",
                "{\"outcome\":[\"COMMIT\"]}",
                "{\"outcome\":{\"outcome\":\"COMMIT\"}}"
            })
    void any_other_body_is_no_outcome(String odd) {
        body = odd;
        assertThrows(CompletionException.class, () -> await(link.outcome(ID)));
    }

    @ParameterizedTest
    @ValueSource(ints = {201, 202, 204, 301, 400, 401, 403, 404, 409, 429, 500, 503})
    void an_outcome_with_another_status_is_ignored(int odd) {
        status = odd;
        body = odd == 204 ? "" : "{\"outcome\":\"ROLLBACK\"}";
        assertThrows(CompletionException.class, () -> await(link.outcome(ID)));
    }

    @Test
    void an_endless_response_is_no_outcome() {
        body = "{\"outcome\":\"ROLLBACK\",\"more\":\"%s\"}".formatted("a".repeat(2_000_000));
        assertThrows(CompletionException.class, () -> await(link.outcome(ID)));
    }

    @Test
    void an_unreachable_coordinator_gives_no_outcome() {
        server.stop(0);
        assertThrows(CompletionException.class, () -> await(link.outcome(ID)));
    }

    @Test
    void a_lease_is_a_number_of_milliseconds() {
        status = 201;
        body = "{\"leaseMillis\":15000}";
        assertEquals(Duration.ofSeconds(15), await(link.register("orders", new UUID(1, 1), Set.of(), null)));
    }

    /** Earlier coordinators refuse a registration with an unknown property. */
    @Test
    void the_newest_forgotten_id_is_sent_in_a_header() {
        status = 201;
        body = "{\"leaseMillis\":15000}";
        await(link.register("orders", new UUID(1, 1), Set.of("batch"), ID));
        assertEquals(ID.toString(), newestEvicted);
        assertEquals(
                "{\"url\":\"http://127.0.0.1:1/rm/orders\",\"instance\":\"" + new UUID(1, 1)
                        + "\",\"features\":[\"batch\"]}",
                request);
        await(link.register("orders", new UUID(1, 1), Set.of("batch"), null));
        assertNull(newestEvicted);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{}",
                "[]",
                "nonsense",
                "{\"leaseMillis\":0}",
                "{\"leaseMillis\":-1}",
                "{\"leaseMillis\":\"15000\"}",
                "{\"leaseMillis\":1e300}"
            })
    void an_invalid_response_is_no_registration(String odd) {
        body = odd;
        assertThrows(CompletionException.class, () -> await(link.register("orders", new UUID(1, 1), Set.of(), null)));
    }

    private static <T> T await(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }
}
