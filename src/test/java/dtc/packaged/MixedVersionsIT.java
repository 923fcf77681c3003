package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.Waiting;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** This version together with the last one that implements version 1 of the contract. */
@NoApplication
class MixedVersionsIT {

    private static final int CLIENTS = 16;
    private static final int TRANSACTIONS_PER_CLIENT = 30;
    private static final Set<String> FINAL = Set.of("COMMITTED", "ROLLED_BACK", "HEURISTIC");

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static Path earlier;

    private final JsonClient http = new JsonClient();

    @TempDir
    @SuppressWarnings("NullAway.Init") // set before each test
    private Path directory;

    @BeforeAll
    static void build() throws Exception {
        earlier = EarlierVersion.jar();
    }

    @ParameterizedTest(name = "coordinator {0}, orders {1}, payments {2}")
    @CsvSource({
        "earlier, present, present",
        "present, earlier, earlier",
        "present, earlier, present",
        "earlier, earlier, present"
    })
    void all_participants_agree(String coordinatorVersion, String ordersVersion, String paymentsVersion)
            throws Exception {
        try (Processes processes = new Processes("mixed-versions")) {
            Application coordinator =
                    version(coordinatorVersion, coordinator(processes)).start();
            Application orders = version(ordersVersion, resourceManager(processes, "orders", coordinator))
                    .start();
            Application payments = version(paymentsVersion, resourceManager(processes, "payments", coordinator))
                    .start();
            List.of(coordinator, orders, payments).forEach(Application::awaitReady);

            Map<String, JsonNode> ended = load(coordinator, "before");
            coordinator.kill();
            coordinator.start().awaitReady();
            Waiting.await("both have registered again")
                    .until(() -> http.getJson(coordinator.url() + "/resource-managers")
                                    .path("items")
                                    .size()
                            == 2);
            ended.putAll(load(coordinator, "after"));

            Set<String> ordersKeys = http.entries(orders.url(), "orders").keySet();
            Set<String> paymentsKeys = http.entries(payments.url(), "payments").keySet();
            List<String> wrong = new ArrayList<>();
            ended.forEach((key, transaction) -> {
                String state = transaction.path("state").asText();
                boolean isCommitted = state.equals("COMMITTED");
                boolean isAtPayments = paymentsKeys.contains(key) || (isOnePhase(transaction) && isCommitted);
                if (state.equals("HEURISTIC")
                        || isCommitted != ordersKeys.contains(key)
                        || isCommitted != isAtPayments) {
                    wrong.add(transaction + " " + ordersKeys.contains(key) + " " + paymentsKeys.contains(key));
                }
            });
            assertEquals(List.of(), wrong);
            assertEquals(
                    "COMMITTED", commit(coordinator, "alone", 1).path("state").asText());
            assertEquals(
                    "COMMITTED",
                    commit(coordinator, "together", 2).path("state").asText());
        }
    }

    @Test
    void this_version_continues_an_earlier_log_and_the_earlier_version_then_refuses_it() throws Exception {
        try (Processes processes = new Processes("mixed-versions")) {
            Application coordinator = coordinator(processes)
                    .with("DTC_RM_IDS", "orders,payments")
                    .withJar(earlier)
                    .start();
            coordinator.awaitReady();
            JsonNode committed = commit(coordinator, "kept", 2);
            assertEquals("COMMITTED", committed.path("state").asText());
            coordinator.kill();

            coordinator.withPackagedJar().start().awaitReady();
            JsonNode again = commit(coordinator, "kept", 2);
            assertEquals(committed.path("id"), again.path("id"));
            assertEquals(committed.path("state"), again.path("state"));
            coordinator.kill();

            coordinator.withJar(earlier).start();
            Waiting.await("it refuses the log").until(() -> !coordinator.isAlive());
            assertTrue(
                    coordinator.output().contains("written in version 4, of which this program knows nothing"),
                    coordinator.output());

            coordinator.withPackagedJar().start().awaitReady();
            assertEquals(
                    "COMMITTED",
                    http.getJson(coordinator.url() + "/transactions/"
                                    + committed.path("id").asText())
                            .path("state")
                            .asText());
        }
    }

    private static Application version(String version, Application application) {
        return version.equals("earlier") ? application.withJar(earlier) : application;
    }

    private Application coordinator(Processes processes) {
        return processes
                .coordinator("coordinator")
                .with("DTC_LOG_KIND", "file")
                .with("DTC_LOG_DIRECTORY", directory.resolve("log").toString());
    }

    /** It forgets outcomes soon, so that it names the newest forgotten one. */
    private static Application resourceManager(Processes processes, String id, Application coordinator) {
        return processes.resourceManagers(id, coordinator).with("DTC_RM_ENDED_MAX", "500");
    }

    /** Returns the final documents by key. */
    private Map<String, JsonNode> load(Application coordinator, String prefix) throws Exception {
        try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
            Map<String, JsonNode> ended = new ConcurrentHashMap<>();
            List<Future<?>> loops = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                int client = i;
                loops.add(clients.submit(() -> {
                    for (int n = 0; n < TRANSACTIONS_PER_CLIENT; n++) {
                        String key = prefix + "-" + client + "-" + n;
                        ended.put(key, settled(coordinator, commit(coordinator, key, n % 3 == 0 ? 1 : 2)));
                    }
                    return null;
                }));
            }
            for (Future<?> loop : loops) {
                loop.get();
            }
            assertTrue(
                    ended.values().stream()
                            .anyMatch(each -> each.path("state").asText().equals("COMMITTED")),
                    ended::toString);
            return ended;
        }
    }

    private static boolean isOnePhase(JsonNode transaction) {
        return transaction.path("participants").size() == 1;
    }

    private JsonNode commit(Application coordinator, String key, int participants)
            throws IOException, InterruptedException {
        String orders = "{\"resourceManager\":\"orders\",\"key\":\"" + key + "\",\"value\":1}";
        String payments = "{\"resourceManager\":\"payments\",\"key\":\"" + key + "\",\"value\":1}";
        HttpResponse<String> response =
                http.send(HttpRequest.newBuilder(URI.create(coordinator.url() + "/transactions"))
                        .header("Content-Type", "application/json")
                        .header("Idempotency-Key", key)
                        .POST(BodyPublishers.ofString("{\"autoCommit\":true,\"writes\":["
                                + (participants == 1 ? orders : orders + "," + payments) + "]}")));
        assertEquals(201, response.statusCode(), response::body);
        return http.read(response);
    }

    private JsonNode settled(Application coordinator, JsonNode transaction) {
        String url =
                coordinator.url() + "/transactions/" + transaction.path("id").asText();
        return FINAL.contains(transaction.path("state").asText())
                ? transaction
                : Waiting.await(url)
                        .pollInSameThread()
                        .until(
                                () -> http.getJson(url),
                                now -> FINAL.contains(now.path("state").asText()));
    }
}
