package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.Waiting;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.awaitility.core.ConditionFactory;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A coordinator with its log in files and three resource managers, each in its own process, under load. The coordinator
 * is killed, or sometimes paused, at random moments. {@code -Dkills=N} sets the number of times; the default is 10.
 */
@NoApplication
class KilledCoordinatorIT {

    private static final Logger LOG = Logger.getLogger(KilledCoordinatorIT.class);

    private static final int KILLS = Integer.getInteger("kills", 10);
    /** Every so many times, it is paused instead of killed. */
    private static final int PAUSE_EVERY = 5;

    private static final Duration PAUSE = Duration.ofSeconds(3);
    /** Every so many times, it is killed before the resource managers have registered again. */
    private static final int IN_RECOVERY_EVERY = 4;

    /** Makes sure that the coordinator is in use when it is killed, also on a slow machine. */
    private static final int TRANSACTIONS_BETWEEN_KILLS_MIN = 30;

    private static final int RUN_MILLIS_MAX = 1_000;

    private static final Duration RETRY_INTERVAL = Duration.ofMillis(50);
    /** Far longer than a restart or a pause. */
    private static final Duration RETRIES_MAX = Duration.ofMinutes(5);

    private static final int CLIENTS = 8;
    /** Random pauses of clients leave the processor to the restarts, on which most of the time is spent. */
    private static final int CLIENT_PAUSE_MILLIS_MAX = 40;

    private static final List<String> NAMES = List.of("orders", "payments", "stock");
    /** A key that many transactions write in all resource managers. It shows whether they agree on one order. */
    private static final String HOT = "hot";

    private static final Set<String> FINAL = Set.of("COMMITTED", "ROLLED_BACK", "HEURISTIC");

    /** What a client wrote under one key, and the last state it received. */
    private record Heard(String key, Set<String> written, String id, String state) {}

    private final Random random = new Random();
    private final JsonClient http = new JsonClient();
    private final AtomicBoolean running = new AtomicBoolean(true);
    /** Whether clients begin transactions. Not in a restart: what they began before continues, and the rest waits. */
    private final AtomicBoolean underLoad = new AtomicBoolean();

    private final AtomicInteger begun = new AtomicInteger();
    private final ConcurrentLinkedQueue<Heard> heard = new ConcurrentLinkedQueue<>();

    @Test
    void every_acknowledged_commit_is_applied_everywhere_and_none_in_part(@TempDir Path directory) throws Exception {
        try (Processes processes = new Processes("killed-coordinator");
                ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
            Application coordinator = processes
                    .coordinator("coordinator")
                    .with("DTC_LOG_KIND", "file")
                    .with("DTC_LOG_DIRECTORY", directory.resolve("log-0").toString())
                    .with("DTC_LOG_SEGMENT_SIZE", "1M") // so that segments are created and cleaned too
                    .with("DTC_REGISTRATION_LEASE", "3s") // so that all register again soon
                    // The outcomes of all transactions are checked at the end, so none may be forgotten before.
                    .with("DTC_TRANSACTION_RETENTION", "24h")
                    .with("DTC_TRANSACTION_RETAINED_MAX", "1000000")
                    .with("DTC_TRANSACTION_RETAINED_MEMORY_MAX", "300M")
                    .withHeap("512m")
                    .start();
            Map<String, Application> resourceManagers = new TreeMap<>();
            NAMES.forEach(name -> resourceManagers.put(
                    name, processes.resourceManagers(name, coordinator).start()));
            coordinator.awaitReady();
            resourceManagers.values().forEach(Application::awaitReady);

            List<Future<?>> loops = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                loops.add(clients.submit(() -> {
                    while (running.get()) {
                        if (underLoad.get()) {
                            heard.add(transact(coordinator));
                        }
                        TimeUnit.MILLISECONDS.sleep(random.nextInt(CLIENT_PAUSE_MILLIS_MAX));
                    }
                    return null;
                }));
            }
            try {
                disturb(coordinator, directory);
            } finally {
                running.set(false);
            }
            for (Future<?> loop : loops) {
                loop.get();
            }
            check(coordinator, resourceManagers);
        }
    }

    private void disturb(Application coordinator, Path directory) throws Exception {
        Path log = directory.resolve("log-0");
        for (int i = 1; i <= KILLS; i++) {
            if (i % IN_RECOVERY_EVERY != 0) {
                Waiting.await("all have registered")
                        .until(() -> http.getJson(coordinator.url() + "/resource-managers")
                                        .path("items")
                                        .size()
                                == NAMES.size());
                underLoad.set(true);
                int before = heard.size();
                Waiting.await("transactions end").until(() -> heard.size() >= before + TRANSACTIONS_BETWEEN_KILLS_MIN);
            }
            // Not a wait for a condition: the random moment of the kill is what is tested.
            TimeUnit.MILLISECONDS.sleep(random.nextInt(RUN_MILLIS_MAX));
            if (i % PAUSE_EVERY == 0) {
                coordinator.pause();
                TimeUnit.MILLISECONDS.sleep(PAUSE.toMillis()); // the length of the pause is what is tested
                coordinator.resume();
            } else {
                coordinator.kill();
                underLoad.set(false);
                // As in another pod with another mount: only the content of the log matters.
                Path elsewhere = directory.resolve("log-" + i);
                Files.move(log, elsewhere);
                log = elsewhere;
                coordinator.with("DTC_LOG_DIRECTORY", log.toString()).start().awaitReady();
            }
        }
    }

    /** Runs one transaction in one of several ways, until it has an outcome or a restart has ended it. */
    private Heard transact(Application coordinator) throws IOException {
        int number = begun.incrementAndGet();
        String key = "key-" + number;
        boolean hot = number % 10 == 0;
        Set<String> written = new HashSet<>(NAMES);
        if (!hot && number % 3 != 0) {
            written.remove(NAMES.get(number % NAMES.size()));
        }
        if (!hot && number % 7 == 0) {
            written.retainAll(Set.of(written.iterator().next())); // one phase
        }
        List<String> writes = written.stream()
                .sorted()
                .flatMap(name -> hot
                        ? List.of(write(name, key, number), write(name, HOT, number)).stream()
                        : List.of(write(name, key, number)).stream())
                .toList();
        String all = "\"writes\":[" + String.join(",", writes) + "]";
        String transactions = coordinator.url() + "/transactions";
        if (number % 2 == 0) {
            JsonNode document = untilAnswered(transactions, "{\"autoCommit\":true," + all + "}", key);
            String id = document.path("id").asText();
            return new Heard(key, written, id, untilFinal(transactions, id, document));
        }
        String id = untilAnswered(transactions, "{" + all + "}", key).path("id").asText();
        JsonNode document =
                untilAnswered(transactions + "/" + id + (number % 11 == 0 ? "/rollback" : "/prepare"), "", key);
        return new Heard(key, written, id, untilFinal(transactions, id, document));
    }

    private static String write(String name, String key, int value) {
        return String.format(Locale.ROOT, "{\"resourceManager\":\"%s\",\"key\":\"%s\",\"value\":%d}", name, key, value);
    }

    private static ConditionFactory retrying(String alias) {
        return Waiting.await(alias)
                .pollInSameThread()
                .pollDelay(Duration.ZERO)
                .pollInterval(RETRY_INTERVAL)
                .atMost(RETRIES_MAX)
                .ignoreExceptionsInstanceOf(IOException.class); // it is down or paused
    }

    /** Sends a request, with the same idempotency key, until it is answered. */
    private JsonNode untilAnswered(String url, String body, String key) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).POST(BodyPublishers.ofString(body));
        if (!body.isEmpty()) {
            request.header("Content-Type", "application/json").header("Idempotency-Key", key);
        }
        HttpResponse<String> answer = retrying("an answer from " + url)
                .until(() -> http.send(request), response -> response.statusCode() != 503);
        if (answer.statusCode() == 404 || answer.statusCode() == 409) {
            return MissingNode.getInstance(); // the transaction has ended; its state shows how
        }
        assertTrue(answer.statusCode() == 200 || answer.statusCode() == 201, answer::body);
        return http.read(answer);
    }

    private String untilFinal(String transactions, String id, JsonNode document) {
        String state = document.path("state").asText();
        return FINAL.contains(state)
                ? state
                : retrying("the end of " + id).until(() -> state(transactions, id), FINAL::contains);
    }

    /** The state of a transaction, which is rolled back if it is still open. */
    private String state(String transactions, String id) throws IOException, InterruptedException {
        HttpResponse<String> answer = http.get(transactions + "/" + id);
        if (answer.statusCode() == 404) {
            return "ROLLED_BACK"; // presumed abort: a restart forgot it
        }
        String state = http.read(answer).path("state").asText();
        if (state.equals("ACTIVE") || state.equals("MARKED_ROLLBACK")) {
            untilAnswered(transactions + "/" + id + "/rollback", "", "");
        }
        return state;
    }

    private void check(Application coordinator, Map<String, Application> resourceManagers) throws Exception {
        resourceManagers.forEach((name, process) -> Waiting.await(name + " has nothing in doubt")
                .until(
                        () -> http.getJson(process.url() + "/rm/" + name + "/transactions")
                                .path("items")
                                .findValuesAsText("state"),
                        states -> !states.contains("PREPARED")));
        Map<String, Map<String, Integer>> entries = new TreeMap<>();
        for (Map.Entry<String, Application> each : resourceManagers.entrySet()) {
            entries.put(each.getKey(), http.entries(each.getValue().url(), each.getKey()));
        }

        List<String> wrong = new ArrayList<>();
        for (Heard one : heard) {
            Set<String> applied = entries.entrySet().stream()
                    .filter(each -> each.getValue().containsKey(one.key()))
                    .map(Map.Entry::getKey)
                    .collect(Collectors.toSet());
            Set<String> expected = one.state().equals("COMMITTED") ? one.written() : Set.of();
            if (one.state().equals("HEURISTIC") || !applied.equals(expected)) {
                wrong.add(one + " is applied at " + applied);
            }
            String outcome = http.getJson(coordinator.url() + "/transactions/" + one.id() + "/outcome")
                    .path("outcome")
                    .asText();
            if (!outcome.equals(one.state().equals("COMMITTED") ? "COMMIT" : "ROLLBACK")) {
                wrong.add(one + ", and now the outcome is said to be " + outcome);
            }
        }
        assertEquals(List.of(), wrong);
        assertEquals(
                1,
                entries.values().stream()
                        .map(each -> each.getOrDefault(HOT, 0))
                        .distinct()
                        .count(),
                () -> "one order for all: "
                        + entries.values().stream().map(each -> each.get(HOT)).toList());
        long committed =
                heard.stream().filter(one -> one.state().equals("COMMITTED")).count();
        assertTrue(committed > 10L * KILLS, () -> "hardly any load: " + committed);
        LOG.infof(
                "%d times killed or paused; %d transactions, %d committed, none half done, none in doubt",
                KILLS, heard.size(), committed);
    }
}
