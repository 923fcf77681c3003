package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.RequiredTool;
import dtc.testing.Waiting;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A coordinator with its log in files, and two resource managers in another process. The wall clocks of both jump, each
 * at a time of its own, while they run and while the coordinator is down.
 */
@NoApplication
class ClockJumpIT {

    private static final List<Duration> SIZES = List.of(Duration.ofMinutes(5), Duration.ofHours(1), Duration.ofDays(1));

    /** Shorter than the smallest jump, and longer than the calls of this test take. */
    private static final Duration TOLERANCE = Duration.ofMinutes(2);

    /** An RM that accepts connections and does not answer. */
    private static final String SILENT = "silent";

    private final JsonClient http = new JsonClient();
    /** By idempotency key. */
    private final Map<String, JsonNode> ended = new LinkedHashMap<>();

    private final UUID silentInstance = UUID.randomUUID();
    private String newestId = "";
    private int transactions;

    @Test
    void nothing_is_forgotten_and_nothing_times_out(@TempDir Path directory) throws Exception {
        RequiredTool.FAKETIME.require();
        try (Processes processes = new Processes("clock-jump");
                FakeClock coordinatorClock = new FakeClock(directory.resolve("coordinator-clock"));
                FakeClock clock = new FakeClock(directory.resolve("clock"));
                ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Application coordinator = coordinatorClock
                    .applyTo(processes
                            .coordinator("coordinator")
                            .with("DTC_LOG_DIRECTORY", directory.resolve("log").toString())
                            .with("DTC_REGISTRATION_LEASE", "5s") // a restart waits one lease for the silent one
                            .with("DTC_TRANSACTION_TIMEOUT_DEFAULT", "4m")) // less than the smallest jump
                    .start()
                    .awaitReady();
            Application resourceManagers = clock.applyTo(processes.resourceManagers("orders,payments", coordinator))
                    .start()
                    .awaitReady();
            awaitRegistered(coordinator);
            check(coordinator, resourceManagers, silent);

            for (Duration jump : jumps()) {
                String active = begin(coordinator);
                coordinatorClock.set(jump);
                awaitClock(coordinator, jump);
                assertTrue(areLive(coordinator), "leases after " + jump);
                assertEquals(
                        200, http.get(coordinator.url() + "/q/health/ready").statusCode());
                assertCommits(coordinator, active);
                check(coordinator, resourceManagers, silent);

                // The other clock follows, and a transaction that was begun before is committed after it.
                active = begin(coordinator);
                clock.set(jump);
                assertCommits(coordinator, active);

                coordinator.kill();
                coordinatorClock.set(jump.negated());
                coordinator.start().awaitReady();
                awaitRegistered(coordinator);
                check(coordinator, resourceManagers, silent);
            }
            assertEquals(
                    200, http.get(resourceManagers.url() + "/q/health/ready").statusCode());
        }
    }

    private static List<Duration> jumps() {
        List<Duration> jumps = new ArrayList<>();
        SIZES.forEach(size -> jumps.addAll(List.of(size, size.negated())));
        return jumps;
    }

    /** All earlier outcomes are known, and all kinds of new transactions end as they should. */
    private void check(Application coordinator, Application resourceManagers, ServerSocket silent) throws Exception {
        for (var earlier : ended.entrySet()) {
            assertKnown(coordinator, earlier.getKey(), earlier.getValue());
        }

        JsonNode committed = commit(coordinator, "orders", "payments");
        String key = committed.path("key").asText();
        assertEquals(
                200,
                http.get(resourceManagers.url() + "/rm/payments/entries/" + key).statusCode());

        commit(coordinator, "orders");

        register(coordinator, silent);
        JsonNode timedOut = transact(coordinator, nextKey(), "orders", SILENT);
        assertEquals("ROLLED_BACK", timedOut.path("state").asText(), timedOut::toString);
        assertTrue(timedOut.path("reason").asText().contains(SILENT), timedOut::toString);

        String expiring = begin(coordinator, "{\"timeoutMillis\":1}");
        Waiting.await("the transaction expires")
                .until(() -> http.getJson(coordinator.url() + "/transactions/" + expiring)
                        .path("state")
                        .asText()
                        .equals("ROLLED_BACK"));
    }

    private void assertKnown(Application coordinator, String key, JsonNode transaction)
            throws IOException, InterruptedException {
        String url =
                coordinator.url() + "/transactions/" + transaction.path("id").asText();
        boolean isCommitted = transaction.path("state").asText().equals("COMMITTED");
        JsonNode now = http.getJson(url);
        assertEquals(transaction.path("state"), now.path("state"), now::toString);
        assertEquals(transaction.path("decidedAt"), now.path("decidedAt"), now::toString);
        assertEquals(
                isCommitted ? "COMMIT" : "ROLLBACK",
                http.getJson(url + "/outcome").path("outcome").asText());
        JsonNode again =
                http.read(post(coordinator, key, transaction.path("body").asText()));
        assertEquals(transaction.path("id"), again.path("id"), again::toString);
        assertEquals(transaction.path("state"), again.path("state"), again::toString);
    }

    private String nextKey() {
        return "key-" + ++transactions;
    }

    /** Begins and commits a transaction, and remembers it under its key. Its id must be newer than all before. */
    private JsonNode transact(Application coordinator, String key, String... resourceManagers) throws IOException {
        List<String> writes = new ArrayList<>();
        for (String each : resourceManagers) {
            writes.add("{\"resourceManager\":\"%s\",\"key\":\"%s\",\"value\":1}".formatted(each, key));
        }
        String body = "{\"autoCommit\":true,\"writes\":[" + String.join(",", writes) + "]}";
        // On a slow machine, the outcome may not be recorded in time, or not be carried out yet.
        HttpResponse<String> response = Waiting.await("the transaction ends")
                .until(() -> post(coordinator, key, body), answer -> answer.statusCode() != 503 && hasEnded(answer));
        assertTrue(Set.of(200, 201).contains(response.statusCode()), response::body);
        var transaction = (ObjectNode) http.read(response);
        assertNewer(transaction.path("id").asText());
        ended.put(key, transaction.put("key", key).put("body", body));
        return transaction;
    }

    /** The state of the transaction is the first one in its document; that of a silent participant may not end. */
    private static boolean hasEnded(HttpResponse<String> response) {
        return Stream.of("COMMITTING", "ROLLING_BACK")
                .noneMatch(state -> response.body().contains("\"state\":\"" + state + "\",\"startedAt\""));
    }

    /** Commits a transaction. On a slow machine, a vote may time out: then another one is tried. */
    private JsonNode commit(Application coordinator, String... resourceManagers) {
        return Waiting.await("a transaction commits")
                .until(
                        () -> transact(coordinator, nextKey(), resourceManagers),
                        transaction -> transaction.path("state").asText().equals("COMMITTED"));
    }

    private HttpResponse<String> post(Application coordinator, String key, String body)
            throws IOException, InterruptedException {
        return http.send(HttpRequest.newBuilder(URI.create(coordinator.url() + "/transactions"))
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", key)
                .POST(BodyPublishers.ofString(body)));
    }

    private void assertNewer(String id) {
        assertTrue(id.compareTo(newestId) > 0, () -> id + " follows " + newestId);
        newestId = id;
    }

    private String begin(Application coordinator) throws IOException, InterruptedException {
        return begin(
                coordinator,
                "{\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"active\",\"value\":1},"
                        + "{\"resourceManager\":\"payments\",\"key\":\"active\",\"value\":1}]}");
    }

    private String begin(Application coordinator, String body) throws IOException, InterruptedException {
        HttpResponse<String> response =
                http.send(HttpRequest.newBuilder(URI.create(coordinator.url() + "/transactions"))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(body)));
        String id = http.read(response).path("id").asText();
        assertNewer(id);
        return id;
    }

    private void assertCommits(Application coordinator, String id) throws IOException, InterruptedException {
        HttpResponse<String> response =
                http.send(HttpRequest.newBuilder(URI.create(coordinator.url() + "/transactions/" + id + "/commit"))
                        .POST(BodyPublishers.noBody()));
        assertEquals("COMMITTED", http.read(response).path("state").asText(), response::body);
    }

    /** Until a transaction has a start time that the jump explains. */
    private void awaitClock(Application coordinator, Duration jump) {
        Waiting.await("the clock jumps").pollInterval(Duration.ofMillis(100)).until(() -> {
            String id = begin(coordinator, "{}");
            Instant startedAt = Instant.parse(http.getJson(coordinator.url() + "/transactions/" + id)
                    .path("startedAt")
                    .asText());
            return Duration.between(Instant.now().plus(jump), startedAt).abs().compareTo(TOLERANCE) < 0;
        });
    }

    private void awaitRegistered(Application coordinator) {
        Waiting.await("both have registered").until(() -> areLive(coordinator));
    }

    private boolean areLive(Application coordinator) throws IOException, InterruptedException {
        JsonNode items = http.getJson(coordinator.url() + "/resource-managers").path("items");
        return items.findValuesAsText("id").containsAll(List.of("orders", "payments"))
                && items.valueStream()
                        .filter(item -> !item.path("id").asText().equals(SILENT))
                        .allMatch(item -> item.path("live").asBoolean());
    }

    /** Its writes are sent with the prepare, so that only the vote is not answered. */
    private void register(Application coordinator, ServerSocket silent) throws IOException, InterruptedException {
        String body = "{\"url\":\"http://127.0.0.1:" + silent.getLocalPort() + "\",\"instance\":\"" + silentInstance
                + "\",\"features\":[\"prepare-with-writes\"]}";
        HttpResponse<String> response =
                http.send(HttpRequest.newBuilder(URI.create(coordinator.url() + "/resource-managers/" + SILENT))
                        .header("Content-Type", "application/json")
                        .PUT(BodyPublishers.ofString(body)));
        assertTrue(response.statusCode() / 100 == 2, response::body);
    }
}
