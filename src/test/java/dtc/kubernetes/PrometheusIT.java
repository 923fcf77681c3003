package dtc.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dtc.kubernetes.Prometheus.Target;
import dtc.packaged.Processes;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.Waiting;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
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
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A Prometheus server scrapes two installations, in the namespaces {@code shop} and {@code quiet}. Each alert fires for
 * the incident that it names, in the namespace of the incident, and ends after it.
 */
@NoApplication
class PrometheusIT {

    private static final YAMLMapper YAML =
            YAMLMapper.builder().disable(YAMLGenerator.Feature.SPLIT_LINES).build();
    private static final int IN_FLIGHT_MAX = 100;
    private static final Duration ALERT_MAX = Duration.ofMinutes(3);
    /** Longer than the longest {@code for} of an alert, and the windows that it looks at. */
    private static final Duration CALM = Duration.ofSeconds(15);

    private static final String LATENCY = "DtcCommitLatencyBudgetBurn 1h shop";
    private static final String DOWN = "DtcResourceManagerDown shop";
    private static final String LATENCY_LONG = "DtcCommitLatencyBudgetBurn 3d shop";

    private final Processes processes = new Processes("prometheus");
    private final HttpClient http = HttpClient.newHttpClient();
    private final ObjectMapper mapper = new ObjectMapper();
    private final ScheduledExecutorService renewals = Executors.newSingleThreadScheduledExecutor();
    private final ExecutorService exchanges = Executors.newCachedThreadPool();
    private final HttpServer stub = server();
    private final UUID instance = UUID.randomUUID();

    private enum Commits {
        ACKNOWLEDGED,
        SLOW,
        REFUSED,
        LOST
    }

    private volatile Commits commits = Commits.ACKNOWLEDGED;
    private volatile boolean renewing = true;
    private volatile int freeBytes = 50;

    @SuppressWarnings("NullAway.Init") // set before the test
    private Application coordinator;

    @SuppressWarnings("NullAway.Init") // set before the test
    private Application orders;

    @SuppressWarnings("NullAway.Init") // set before the test
    private Prometheus prometheus;

    private static HttpServer server() {
        try {
            return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @BeforeEach
    void start(@TempDir Path directory) throws IOException {
        coordinator = installation("shop", directory);
        Application quiet = installation("quiet", directory);
        orders = processes
                .resourceManagers("orders", coordinator)
                .with("DTC_RM_INQUIRY_FIRST", "5s")
                .start();
        List.of(coordinator, quiet, orders).forEach(Application::awaitReady);

        stub.setExecutor(exchanges);
        stub.createContext("/", this::answer);
        stub.createContext("/metrics", this::volumes);
        stub.start();
        var _ = renewals.scheduleWithFixedDelay(this::renew, 0, 300, TimeUnit.MILLISECONDS);

        String rules = YAML.writeValueAsString(Manifests.parse(Manifests.build("overlays/production"))
                .all(PrometheusRule.class)
                .getFirst()
                .getSpec());
        prometheus = Prometheus.start(
                directory,
                processes.freePort(),
                rules,
                List.of(
                        new Target("shop", "coordinator-0", "coordinator", metrics(coordinator)),
                        new Target("quiet", "coordinator-0", "coordinator", metrics(quiet)),
                        new Target("shop", "orders-0", "rm", metrics(orders)),
                        new Target("kube-system", "", "kubelet", stubUrl() + "/metrics")));
    }

    @AfterEach
    void stop() {
        renewals.shutdownNow();
        prometheus.close();
        processes.close();
        stub.stop(0);
        exchanges.shutdownNow();
        http.close();
    }

    private Application installation(String name, Path directory) {
        return processes
                .coordinator(name)
                .with("DTC_LOG_DIRECTORY", directory.resolve(name).toString())
                .with("DTC_REGISTRATION_LEASE", "2s")
                .with("DTC_LIMITS_TRANSACTIONS_IN_FLIGHT_MAX", Integer.toString(IN_FLIGHT_MAX))
                .with("DTC_COORDINATOR_REDELIVERY_CAP", "1s")
                .start();
    }

    private static String metrics(Application application) {
        return application.managementUrl() + "/q/metrics";
    }

    private String stubUrl() {
        return "http://127.0.0.1:" + stub.getAddress().getPort();
    }

    @Test
    void each_alert_fires_for_its_incident_and_ends_after_it() throws Exception {
        every_expression_of_the_dashboard_returns_data(false);
        long begun = System.nanoTime();
        commitFor(CALM);
        assertEquals(Set.of(), prometheus.firedSince(begun));
        every_expression_of_the_dashboard_returns_data(true);

        incident(
                "DtcCoordinatorAbsent shop",
                coordinator::kill,
                () -> coordinator.start().awaitReady(),
                Set.of());
        incident("DtcLogVolumeFilling shop", () -> freeBytes = 10, () -> freeBytes = 50, Set.of());
        incident(
                "DtcLogRefusing shop",
                () -> restart(coordinator.with("DTC_LOG_FREE_SPACE_MIN", "1P")),
                () -> restart(coordinator.without("DTC_LOG_FREE_SPACE_MIN")),
                Set.of("DtcCoordinatorAbsent shop"));
        incident(DOWN, () -> renewing = false, () -> renewing = true, Set.of());
        incident("DtcResourceManagerMissing shop", this::writeToMissing, this::registerMissing, Set.of());
        List<String> begunIds = new ArrayList<>();
        incident(
                "DtcInFlightNearLimit shop",
                () -> begin(IN_FLIGHT_MAX * 9 / 10, begunIds),
                () -> rollBack(begunIds),
                Set.of());
        incident(
                "DtcRequestsRefused shop",
                () -> begin(IN_FLIGHT_MAX + 1, begunIds),
                () -> rollBack(begunIds),
                Set.of("DtcInFlightNearLimit shop"));
        incident(
                "DtcInDoubtTooLong resource_manager shop",
                this::leaveInDoubt,
                () -> {}, // it asks the coordinator
                Set.of());
        String[] lost = {""};
        incident(
                "DtcHeuristicOutcome shop",
                () -> {
                    commits = Commits.LOST;
                    lost[0] = commit().path("id").asText();
                    commits = Commits.ACKNOWLEDGED;
                },
                () -> resolve(lost[0]),
                Set.of());

        // Slow commits are part of all other incidents.
        incident(LATENCY, () -> commitWhile(Commits.SLOW, 40), () -> commitFor(CALM), Set.of(LATENCY_LONG));
        assertTrue(prometheus.firedSince(begun).contains(LATENCY_LONG));
        incident(
                "DtcInDoubtTooLong coordinator shop",
                () -> {
                    commits = Commits.REFUSED;
                    commit();
                },
                () -> commits = Commits.ACKNOWLEDGED,
                Set.of(LATENCY, LATENCY_LONG, DOWN, "DtcRedeliveriesGrowing shop"));
        incident(
                "DtcRedeliveriesGrowing shop",
                () -> commitWhile(Commits.REFUSED, 40),
                () -> commits = Commits.ACKNOWLEDGED,
                Set.of(LATENCY, LATENCY_LONG, DOWN, "DtcInDoubtTooLong coordinator shop"));
        // The long window ends once the slow commits are less than a hundredth of it.
        Waiting.await("no alert fires").atMost(ALERT_MAX).until(() -> {
            commitFor(Duration.ofSeconds(1));
            return prometheus.firing().isEmpty();
        });
    }

    /** Fails if another alert fires than the one that the incident causes and those that may be part of it. */
    private void incident(String alert, Runnable begin, Runnable end, Set<String> part) {
        Set<String> before = prometheus.firing();
        long begun = System.nanoTime();
        begin.run();
        Waiting.await(alert + " fires")
                .atMost(ALERT_MAX)
                .until(() -> prometheus.firedSince(begun).contains(alert));
        end.run();
        Waiting.await(alert + " ends")
                .atMost(ALERT_MAX)
                .until(() -> !prometheus.firing().contains(alert));
        Set<String> others = new TreeSet<>(prometheus.firedSince(begun));
        others.removeAll(part);
        others.removeAll(before);
        others.remove(alert);
        assertEquals(Set.of(), others, alert);
    }

    /** @param busy whether there are transactions, so that each share is a number */
    private void every_expression_of_the_dashboard_returns_data(boolean busy) throws IOException {
        List<String> expressions =
                Expressions.ofDashboards(Manifests.parse(Manifests.build("overlays/production"))).stream()
                        .map(expression -> Prometheus.faster(expression
                                .replace("$namespace", "shop")
                                .replace("$resource_manager", ".*")
                                .replace("[$__rate_interval]", "[4000s]"))) // 40 s
                        .toList();
        Waiting.await("all data is there").untilAsserted(() -> {
            List<String> without = new ArrayList<>();
            for (String expression : expressions) {
                JsonNode series = prometheus.query(expression);
                boolean isNumber =
                        !series.path(0).path("value").path(1).asText().equals("NaN");
                if (series.isEmpty() || (busy && !isNumber)) {
                    without.add(expression);
                }
            }
            assertEquals(List.of(), without);
        });
    }

    // The stub of a resource manager, and of a kubelet

    private void renew() {
        if (renewing) {
            try {
                send(HttpRequest.newBuilder(URI.create(coordinator.url() + "/resource-managers/stock"))
                        .header("Content-Type", "application/json")
                        .PUT(BodyPublishers.ofString(
                                "{\"url\":\"%s\",\"instance\":\"%s\"}".formatted(stubUrl(), instance))));
            } catch (IllegalStateException _) {
                // The coordinator does not run.
            }
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        exchange.getRequestBody().readAllBytes();
        if (path.endsWith("/prepare")) {
            answer(exchange, 200, "application/json", "{\"vote\":\"COMMIT\"}");
        } else if (!path.endsWith("/commit")) {
            answer(exchange, 204, "", "");
        } else {
            switch (commits) {
                case ACKNOWLEDGED -> answer(exchange, 204, "", "");
                case SLOW -> {
                    // Longer than the objective, and shorter than the timeout.
                    Waiting.await().pollDelay(Duration.ofMillis(400)).until(() -> true);
                    answer(exchange, 204, "", "");
                }
                case REFUSED -> answer(exchange, 503, "", "");
                case LOST -> answer(exchange, 404, "application/problem+json", "{\"status\":404}");
            }
        }
    }

    private void volumes(HttpExchange exchange) throws IOException {
        StringBuilder text = new StringBuilder();
        // The last volume is that of another product.
        for (String[] volume :
                new String[][] {{"shop", Integer.toString(freeBytes)}, {"quiet", "50"}, {"elsewhere", "1"}}) {
            String labels = "{namespace=\"%s\",persistentvolumeclaim=\"log-coordinator-0\"}".formatted(volume[0]);
            text.append("kubelet_volume_stats_available_bytes%s %s\n".formatted(labels, volume[1]));
            text.append("kubelet_volume_stats_capacity_bytes%s 100\n".formatted(labels));
        }
        answer(exchange, 200, "text/plain; version=0.0.4", text.toString());
    }

    private static void answer(HttpExchange exchange, int status, String type, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        if (!type.isEmpty()) {
            exchange.getResponseHeaders().add("Content-Type", type);
        }
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    // Calls

    private HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return http.send(request.timeout(Duration.ofSeconds(10)).build(), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private HttpResponse<String> post(String url, String body) {
        return send(HttpRequest.newBuilder(URI.create(url))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body)));
    }

    private JsonNode json(HttpResponse<String> response) {
        try {
            return mapper.readTree(response.body());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private JsonNode commit() {
        String key = UUID.randomUUID().toString();
        JsonNode transaction = json(post(
                coordinator.url() + "/transactions",
                "{\"autoCommit\":true,\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"%s\",\"value\":1},{\"resourceManager\":\"stock\",\"key\":\"k\",\"value\":1}]}"
                        .formatted(key)));
        assertTrue(
                Set.of("COMMITTED", "COMMITTING", "HEURISTIC")
                        .contains(transaction.path("state").asText()),
                transaction::toString);
        return transaction;
    }

    private static void restart(Application application) {
        application.kill();
        application.start().awaitReady();
    }

    /** Begins transactions. Those above the limit are refused. */
    private void begin(int count, List<String> ids) {
        for (int i = 0; i < count; i++) {
            JsonNode begun = json(post(coordinator.url() + "/transactions", "{}"));
            if (begun.has("id")) {
                ids.add(begun.path("id").asText());
            }
        }
    }

    private void rollBack(List<String> ids) {
        ids.forEach(id -> post(coordinator.url() + "/transactions/" + id + "/rollback", ""));
        ids.clear();
    }

    private void writeToMissing() {
        post(
                coordinator.url() + "/transactions",
                "{\"autoCommit\":true,\"writes\":[{\"resourceManager\":\"missing\",\"key\":\"k\",\"value\":1}]}");
    }

    private void registerMissing() {
        String url = coordinator.url() + "/resource-managers/missing";
        send(HttpRequest.newBuilder(URI.create(url))
                .header("Content-Type", "application/json")
                .PUT(BodyPublishers.ofString(
                        "{\"url\":\"%s/missing\",\"instance\":\"%s\"}".formatted(stubUrl(), instance))));
        send(HttpRequest.newBuilder(URI.create(url)).DELETE());
    }

    private void commitFor(Duration duration) {
        long begun = System.nanoTime();
        while (System.nanoTime() - begun < duration.toNanos()) {
            commit();
        }
    }

    private void commitWhile(Commits behaviour, int count) {
        commits = behaviour;
        for (int i = 0; i < count; i++) {
            post(
                    coordinator.url() + "/transactions",
                    "{\"autoCommit\":true,\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"%s\",\"value\":1},{\"resourceManager\":\"stock\",\"key\":\"k\",\"value\":1}]}"
                            .formatted(UUID.randomUUID()));
        }
        if (behaviour == Commits.SLOW) {
            commits = Commits.ACKNOWLEDGED;
        }
    }

    /** The vote of a transaction that the coordinator does not know: the resource manager is in doubt until it asks. */
    private void leaveInDoubt() {
        String transaction =
                json(post(coordinator.url() + "/transactions", "{}")).path("id").asText();
        String base = orders.url() + "/rm/orders/transactions/" + transaction;
        post(base + "/writes", "{\"key\":\"in-doubt\",\"value\":1}");
        String vote = json(post(base + "/prepare", "")).path("vote").asText();
        assertEquals("COMMIT", vote);
        post(coordinator.url() + "/transactions/" + transaction + "/rollback", "");
    }

    private void resolve(String transaction) {
        String page = coordinator.url() + "/console/transactions/" + transaction + "/resolve";
        HttpResponse<String> answer = send(HttpRequest.newBuilder(URI.create(page))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("Origin", coordinator.url())
                .POST(BodyPublishers.ofString("reason=repaired")));
        assertTrue(answer.statusCode() < 400, answer::body);
    }
}
