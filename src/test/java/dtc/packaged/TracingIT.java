package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.OtlpReceiver;
import dtc.testing.OtlpReceiver.ReceivedSpan;
import dtc.testing.PostgresServer;
import dtc.testing.Waiting;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The spans that processes of a coordinator and of resource managers send to a collector. */
@NoApplication
class TracingIT {

    private static final String CALLER = "b7ad6b7169203331";
    /** With a timeout of votes that is long enough for a loaded machine. */
    private static final Map<String, String> ON =
            Map.of("QUARKUS_OTEL_SDK_DISABLED", "false", "DTC_PREPARE_TIMEOUT", "5s");

    private final JsonClient http = new JsonClient();
    private final OtlpReceiver receiver = new OtlpReceiver();

    @AfterEach
    void close() {
        receiver.close();
    }

    /** A resource manager that does not answer the first commit, and keeps the traces that messages name. */
    private static final class UnansweredCommit implements AutoCloseable {
        private final HttpServer server;
        private final AtomicInteger commits = new AtomicInteger();
        private final Queue<String> traces = new ConcurrentLinkedQueue<>();

        UnansweredCommit() throws IOException {
            server = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 100);
            server.createContext("/", this::answer);
            server.start();
        }

        private void answer(HttpExchange exchange) throws IOException {
            try (exchange) {
                traces.add(String.valueOf(exchange.getRequestHeaders().getFirst("traceparent")));
                String path = exchange.getRequestURI().getPath();
                if (path.endsWith("/prepare")) {
                    byte[] vote = "{\"vote\":\"COMMIT\"}".getBytes(StandardCharsets.UTF_8);
                    exchange.getResponseHeaders().add("Content-Type", "application/json");
                    exchange.sendResponseHeaders(200, vote.length);
                    exchange.getResponseBody().write(vote);
                } else if (path.endsWith("/commit") && commits.incrementAndGet() == 1) {
                    exchange.sendResponseHeaders(503, -1);
                } else {
                    exchange.sendResponseHeaders(204, -1);
                }
            }
        }

        void register(Application coordinator, JsonClient http) throws IOException, InterruptedException {
            HttpResponse<String> answer = http.send(HttpRequest.newBuilder(
                            URI.create(coordinator.url() + "/resource-managers/foreign"))
                    .header("Content-Type", "application/json")
                    .PUT(BodyPublishers.ofString("{\"url\":\"http://127.0.0.1:"
                            + server.getAddress().getPort() + "\",\"instance\":\"" + UUID.randomUUID() + "\"}")));
            assertEquals(201, answer.statusCode(), answer::body);
        }

        @Override
        public void close() {
            server.stop(0);
        }
    }

    private static String traceId(int number) {
        return String.format(Locale.ROOT, "%032x", number);
    }

    private static HttpRequest.Builder post(String url, String traceId, String flags, String body) {
        return HttpRequest.newBuilder(URI.create(url))
                .header("Content-Type", "application/json")
                .header("traceparent", "00-" + traceId + "-" + CALLER + "-" + flags)
                .POST(BodyPublishers.ofString(body));
    }

    private String call(Application coordinator, String path, String traceId, String flags, String body)
            throws Exception {
        HttpResponse<String> answer = http.send(post(coordinator.url() + path, traceId, flags, body));
        assertTrue(answer.statusCode() < 300, answer::body);
        return answer.body();
    }

    private static String write(String resourceManager, String key) {
        return "{\"resourceManager\":\"%s\",\"key\":\"%s\",\"value\":1}".formatted(resourceManager, key);
    }

    private static String oneCall(String one, String other, String key) {
        return "{\"autoCommit\":true,\"writes\":[%s,%s]}".formatted(write(one, key), write(other, key));
    }

    private ReceivedSpan await(String name, String parentId) {
        return awaitAny(
                name + " below " + parentId,
                span -> span.name().equals(name) && span.parentId().equals(parentId));
    }

    private ReceivedSpan awaitAny(String alias, Predicate<ReceivedSpan> wanted) {
        return Waiting.await(alias)
                .until(() -> receiver.spans().stream().filter(wanted).toList(), found -> !found.isEmpty())
                .getFirst();
    }

    /** Waits for the only commit to the foreign resource manager that is wanted. */
    private ReceivedSpan awaitCommit(String alias, Predicate<ReceivedSpan> wanted) {
        return Waiting.await(alias)
                .until(
                        () -> receiver.spans().stream()
                                .filter(span -> Objects.equals(span.attribute("dtc.message.type"), "commit")
                                        && Objects.equals(span.attribute("dtc.resource_manager.id"), "foreign"))
                                .filter(wanted)
                                .toList(),
                        found -> found.size() == 1)
                .getFirst();
    }

    /** Returns a coordinator that hosts one resource manager, and has a place to send spans to. */
    private Application hosting(Processes processes) {
        return processes.coordinator("coordinator").with("DTC_RM_IDS", "orders").with(receiver.environment());
    }

    @Test
    void a_transaction_is_one_trace_from_the_caller_to_the_store_of_the_resource_manager() throws Exception {
        String trace = traceId(1);
        PostgresServer database = PostgresServer.shared();
        try (Processes processes = new Processes("tracing")) {
            Application coordinator = processes
                    .coordinator("coordinator")
                    .with(ON)
                    .with(receiver.environment())
                    .start();
            Application resourceManagers = processes
                    .resourceManagers("orders,payments", coordinator)
                    .with(ON)
                    .with(receiver.environment())
                    .with("QUARKUS_OTEL_SERVICE_NAME", "resource-managers")
                    .with(database.environment())
                    .start();
            List.of(coordinator, resourceManagers).forEach(Application::awaitReady);
            String id = http.read(http.send(post(coordinator.url() + "/transactions", trace, "01", "")))
                    .path("id")
                    .asText();
            call(coordinator, "/transactions/" + id + "/writes", trace, "01", write("orders", "k"));
            call(coordinator, "/transactions/" + id + "/writes", trace, "01", write("payments", "k"));
            call(coordinator, "/transactions/" + id + "/commit", trace, "01", "");

            await("POST /transactions", CALLER);
            ReceivedSpan stage = await("POST /transactions/{id}/writes", CALLER);
            ReceivedSpan staged = await(
                    "POST /rm/{rm}/transactions/{id}/writes",
                    await("POST /transactions/{id}/writes", stage.ref().spanId())
                            .ref()
                            .spanId());
            assertEquals("resource-managers", staged.service());
            ReceivedSpan request = await("POST /transactions/{id}/commit", CALLER);
            assertEquals("dtc", request.service());
            assertEquals(id, request.attribute("dtc.transaction.id"));
            assertEquals("200", request.attribute("http.response.status_code"));
            ReceivedSpan prepare = await("dtc.prepare", request.ref().spanId());
            awaitMessage("prepare", prepare);
            ReceivedSpan decision = await("dtc.decision", request.ref().spanId());
            assertEquals("commit", decision.attribute("dtc.transaction.outcome"));
            awaitMessage("commit", decision);
            assertEquals(
                    Set.of(trace),
                    new HashSet<>(
                            receiver.spans().stream().map(ReceivedSpan::traceId).toList()));

            String metrics = http.send(HttpRequest.newBuilder(URI.create(coordinator.url() + "/q/metrics"))
                            .header("Accept", "application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1"))
                    .body();
            for (String histogram : List.of("dtc_prepare", "dtc_commit_delivery", "dtc_transaction")) {
                assertTrue(
                        metrics.lines()
                                .anyMatch(line -> line.startsWith(histogram + "_seconds_bucket")
                                        && line.contains("trace_id=\"" + trace)),
                        metrics);
            }
        }
    }

    /** The message to each resource manager, and what it stores. */
    private void awaitMessage(String message, ReceivedSpan phase) {
        List<ReceivedSpan> sent = Waiting.await(message)
                .until(
                        () -> receiver.spans().stream()
                                .filter(span ->
                                        span.parentId().equals(phase.ref().spanId()))
                                .toList(),
                        found -> found.size() == 2);
        Set<String> resourceManagers = new HashSet<>();
        for (ReceivedSpan client : sent) {
            assertEquals("POST /transactions/{id}/" + message, client.name());
            assertEquals(3, client.kind());
            resourceManagers.add(String.valueOf(client.attribute("dtc.resource_manager.id")));
            ReceivedSpan server = await(
                    "POST /rm/{rm}/transactions/{id}/" + message, client.ref().spanId());
            assertEquals(2, server.kind());
            assertEquals("resource-managers", server.service());
            ReceivedSpan stored = await("BATCH dtc", server.ref().spanId());
            assertEquals("postgresql", stored.attribute("db.system.name"));
        }
        assertEquals(Set.of("orders", "payments"), resourceManagers);
    }

    @Test
    void a_retry_is_linked_to_the_decision() throws Exception {
        String trace = traceId(2);
        try (Processes processes = new Processes("tracing-retry");
                UnansweredCommit foreign = new UnansweredCommit()) {
            Application coordinator = hosting(processes)
                    .with(ON)
                    .with("QUARKUS_OTEL_TRACES_SAMPLER_ARG", "0")
                    .with("QUARKUS_LOG_CONSOLE_JSON_ENABLED", "true")
                    .start()
                    .awaitReady();
            foreign.register(coordinator, http);
            call(coordinator, "/transactions", trace, "01", oneCall("orders", "foreign", "k"));
            ReceivedSpan request = await("POST /transactions", CALLER);
            ReceivedSpan decision = await("dtc.decision", request.ref().spanId());
            ReceivedSpan failed =
                    awaitCommit("the first attempt", span -> span.traceId().equals(trace));
            assertEquals(decision.ref().spanId(), failed.parentId());
            assertEquals("503", failed.attribute("error.type"));
            ReceivedSpan retry =
                    awaitCommit("the retry", span -> !span.traceId().equals(trace));
            assertEquals("", retry.parentId());
            assertEquals(List.of(decision.ref()), retry.links());
            assertEquals("204", retry.attribute("http.response.status_code"));
            String last = List.copyOf(foreign.traces).getLast();
            assertEquals("00-" + retry.traceId() + "-" + retry.ref().spanId() + "-01", last);

            call(coordinator, "/transactions", trace, "01", oneCall("orders", "nowhere", "k"));
            Waiting.await("a line with the trace of the transaction")
                    .until(() -> coordinator.output().contains("\"traceId\":\"" + trace + "\""));
        }
    }

    @Test
    void a_request_with_messages_of_several_transactions_is_linked_to_each() throws Exception {
        try (Processes processes = new Processes("tracing-batch");
                HttpClient concurrent = HttpClient.newHttpClient()) {
            Application coordinator = processes
                    .coordinator("coordinator")
                    .with("DTC_MESSAGES_LANES", "1")
                    .with(ON)
                    .with(receiver.environment())
                    .start();
            Application resourceManagers = processes
                    .resourceManagers("orders,payments", coordinator)
                    .with(ON)
                    .with(receiver.environment())
                    .start();
            List.of(coordinator, resourceManagers).forEach(Application::awaitReady);
            AtomicInteger number = new AtomicInteger();
            ReceivedSpan batch = Waiting.await("messages of several transactions in one request")
                    .until(
                            () -> {
                                List<CompletableFuture<?>> calls = new ArrayList<>();
                                for (int i = 0; i < 16; i++) {
                                    int next = number.incrementAndGet();
                                    calls.add(concurrent.sendAsync(
                                            post(
                                                            coordinator.url() + "/transactions",
                                                            traceId(next),
                                                            "01",
                                                            oneCall("orders", "payments", "k" + next))
                                                    .build(),
                                            BodyHandlers.discarding()));
                                }
                                calls.forEach(CompletableFuture::join);
                                return receiver.spans().stream()
                                        .filter(span -> span.name().equals("POST /batch")
                                                && span.links().size() > 1)
                                        .toList();
                            },
                            found -> !found.isEmpty())
                    .getFirst();
            assertEquals("", batch.parentId());
            assertEquals(
                    batch.links().size(), new HashSet<>(batch.links()).size(), "each transaction is linked to once");
            for (OtlpReceiver.SpanRef link : batch.links()) {
                ReceivedSpan phase =
                        awaitAny("the span of " + link, span -> span.ref().equals(link));
                assertTrue(Set.of("dtc.prepare", "dtc.decision").contains(phase.name()), phase::toString);
                assertNotEquals(batch.traceId(), phase.traceId());
                ReceivedSpan part = await("dtc.message", link.spanId());
                assertFalse(part.links().isEmpty());
            }
            await("POST /rm/{rm}/batch", batch.ref().spanId());
        }
    }

    @Test
    void a_transaction_whose_caller_does_not_sample_it_sends_no_spans() throws Exception {
        String trace = traceId(3);
        try (Processes processes = new Processes("tracing-not-sampled");
                UnansweredCommit foreign = new UnansweredCommit()) {
            Application coordinator = hosting(processes).with(ON).start().awaitReady();
            foreign.register(coordinator, http);
            call(coordinator, "/transactions", trace, "00", oneCall("orders", "foreign", "k"));
            coordinator.stop();
            assertEquals(List.of(), receiver.spans());
            assertFalse(foreign.traces.isEmpty());
            foreign.traces.forEach(sent -> assertTrue(sent.startsWith("00-" + trace) && sent.endsWith("-00"), sent));
        }
    }

    @Test
    void tracing_is_off_by_default() throws Exception {
        try (Processes processes = new Processes("tracing-off");
                UnansweredCommit foreign = new UnansweredCommit()) {
            Application coordinator = hosting(processes).start().awaitReady();
            foreign.register(coordinator, http);
            call(coordinator, "/transactions", traceId(4), "01", oneCall("orders", "foreign", "k"));
            coordinator.stop();
            assertEquals(List.of(), receiver.spans());
            assertFalse(foreign.traces.isEmpty());
            assertEquals(Set.of("null"), new HashSet<>(foreign.traces));
        }
    }
}
