package dtc.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.client.TransactionException;
import dtc.participant.DtcParticipant;
import dtc.participant.WorkHandler;
import dtc.participant.testing.FakeCoordinator;
import dtc.participant.testing.FakeCoordinator.Answer;
import dtc.participant.testing.PostgresServer;
import dtc.participant.testing.Waiting;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.PreparedStatement;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.actuate.health.Status;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.RestClient;

/** An application of Spring Boot that is a client and a service. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SpringServiceTest {

    private final FakeCoordinator coordinator = new FakeCoordinator();
    private final PostgresServer server = PostgresServer.shared();
    private final String database = server.createDatabase();
    private final HttpClient http = HttpClient.newHttpClient();
    private ConfigurableApplicationContext context;
    private String url = "";

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import({Orders.class, Shop.class})
    static class Application {

        @Bean("place-order")
        WorkHandler placeOrder() {
            return (connection, order) -> {
                try (PreparedStatement insert = connection.prepareStatement("INSERT INTO orders VALUES (?)")) {
                    insert.setString(1, order);
                    insert.executeUpdate();
                }
            };
        }
    }

    /** The endpoint of the service. */
    @RestController
    static class Orders {
        private final DtcParticipant participant;

        Orders(DtcParticipant participant) {
            this.participant = participant;
        }

        @PostMapping("/orders")
        String place(@RequestBody String order) {
            participant.perform("place-order", order);
            if (order.equals("bad")) {
                throw new IllegalStateException("planned");
            }
            return "placed";
        }
    }

    /** The client. */
    static class Shop {
        private final RestClient http;

        Shop(RestClient.Builder builder) {
            http = builder.build();
        }

        @DistributedTransaction(timeoutMillis = 7000)
        public String buy(String url, String order) {
            return String.valueOf(
                    http.post().uri(url + "/orders").body(order).retrieve().body(String.class));
        }
    }

    @BeforeAll
    void start() {
        server.execute(database, "CREATE TABLE orders (id text PRIMARY KEY)");
        context = new SpringApplicationBuilder(Application.class)
                .web(WebApplicationType.SERVLET)
                .run(
                        "--server.port=0",
                        "--server.address=127.0.0.1",
                        "--spring.datasource.url=" + server.url(database),
                        "--spring.datasource.username=postgres",
                        "--dtc.coordinator-url=" + coordinator.url(),
                        "--dtc.participant.id=orders",
                        "--dtc.participant.url=http://orders/dtc");
        url = "http://127.0.0.1:" + context.getEnvironment().getProperty("local.server.port");
        Waiting.until(
                "the registration",
                () -> context.getBean(DtcParticipant.class).status().registered());
    }

    @AfterAll
    void stop() {
        Waiting.until(
                "nothing is in doubt",
                () -> context.getBean(DtcParticipant.class).status().inDoubt() == 0);
        context.close();
        assertEquals(1, coordinator.calls("DELETE /resource-managers/orders").size());
        coordinator.close();
    }

    private HttpResponse<String> post(String path, String body, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(url + path)).POST(HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private String orders(String id) {
        return String.valueOf(server.value(database, "SELECT count(*) FROM orders WHERE id = '" + id + "'"));
    }

    @Test
    void a_request_with_a_transaction_is_work_until_its_commit() throws Exception {
        String id = UUID.randomUUID().toString();
        assertEquals("placed", post("/orders", "o-1", "DTC-Transaction", id).body());
        assertEquals("0", orders("o-1"));
        HttpResponse<String> vote = post("/dtc/transactions/" + id + "/prepare", "", "DTC-Resource-Manager", "orders");
        assertEquals("{\"vote\":\"COMMIT\"}", vote.body());
        assertTrue(vote.headers().firstValue("Content-Type").orElse("").startsWith("application/json"));
        assertEquals(204, post("/dtc/transactions/" + id + "/commit", "").statusCode());
        assertEquals("1", orders("o-1"));
        HttpResponse<String> rollback = post("/dtc/transactions/" + id + "/rollback", "");
        assertEquals(409, rollback.statusCode());
        assertEquals(
                "application/problem+json",
                rollback.headers().firstValue("Content-Type").orElse(""));
    }

    @Test
    void a_request_without_a_transaction_takes_effect_at_once() throws Exception {
        assertEquals("placed", post("/orders", "o-2").body());
        assertEquals("1", orders("o-2"));
    }

    @Test
    void a_failed_request_marks_its_transaction() throws Exception {
        String id = UUID.randomUUID().toString();
        assertEquals(500, post("/orders", "bad", "DTC-Transaction", id).statusCode());
        assertEquals(
                1,
                coordinator.calls("POST /transactions/" + id + "/rollback-only").size());
        assertTrue(post("/dtc/transactions/" + id + "/prepare", "").body().contains("ABORT"));
    }

    @Test
    void a_refused_enlistment_is_a_problem() throws Exception {
        String id = UUID.randomUUID().toString();
        coordinator.answer("PUT /transactions/" + id + "/participants/orders", Answer.problem(409, "too late"));
        HttpResponse<String> response = post("/orders", "o-3", "DTC-Transaction", id);
        assertEquals(409, response.statusCode());
        assertTrue(response.body().contains("too late"));
        assertEquals(400, post("/orders", "o-3", "DTC-Transaction", "1").statusCode());
    }

    @Test
    void an_annotated_method_runs_in_a_transaction_that_its_calls_carry() {
        String id = UUID.randomUUID().toString();
        coordinator.answer("POST /transactions", document(201, id, "ACTIVE"));
        coordinator.answer("POST /transactions/" + id + "/commit", document(200, id, "COMMITTED"));
        assertEquals("placed", context.getBean(Shop.class).buy(url, "o-4"));
        assertEquals("{\"timeoutMillis\":7000}", last("POST /transactions").body());
        assertEquals(
                1,
                coordinator
                        .calls("PUT /transactions/" + id + "/participants/orders")
                        .size());
        assertEquals(
                1, coordinator.calls("POST /transactions/" + id + "/commit").size());
    }

    @Test
    void an_exception_of_an_annotated_method_rolls_back() {
        String id = UUID.randomUUID().toString();
        coordinator.answer("POST /transactions", document(201, id, "ACTIVE"));
        Shop shop = context.getBean(Shop.class);
        assertThrows(RuntimeException.class, () -> shop.buy(url, "bad"));
        assertEquals(
                1,
                coordinator.calls("POST /transactions/" + id + "/rollback-only").size());
        assertEquals(List.of(), coordinator.calls("POST /transactions/" + id + "/commit"));
        String other = UUID.randomUUID().toString();
        coordinator.answer("POST /transactions", document(201, other, "ACTIVE"));
        coordinator.answer("POST /transactions/" + other + "/commit", document(200, other, "ROLLED_BACK"));
        assertThrows(TransactionException.class, () -> shop.buy(url, "o-5"));
    }

    private FakeCoordinator.Call last(String request) {
        List<FakeCoordinator.Call> calls = coordinator.calls(request).stream()
                .filter(call -> request.endsWith(call.path()))
                .toList();
        return calls.get(calls.size() - 1);
    }

    private static Answer document(int status, String id, String state) {
        return Answer.json(
                status,
                "{\"id\":\"" + id + "\",\"state\":\"" + state
                        + "\",\"startedAt\":\"2026-11-23T10:00:00Z\",\"expiresAt\":\"2026-11-23T10:00:20Z\"}");
    }

    @Test
    void health_and_metrics_are_served() {
        HealthIndicator health = context.getBean("dtcHealthIndicator", HealthIndicator.class);
        assertEquals(Status.UP, health.health().getStatus());
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        context.getBean("dtcMetrics", MeterBinder.class).bindTo(registry);
        assertNotNull(
                registry.find("dtc.participant.votes").tag("result", "COMMIT").functionCounter());
        assertFalse(registry.getMeters().isEmpty());
    }
}
