package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dtc.packaged.Processes.Application;
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
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A coordinator with its log in files, and three resource managers, each a process of its own, under load; the
 * coordinator is killed at random moments, and now and then stands still. {@code -Dkills=N} for another number than 25.
 */
class KilledCoordinatorIT {

    private static final Logger LOG = Logger.getLogger(KilledCoordinatorIT.class);

    private static final int KILLS = Integer.getInteger("kills", 25);
    /** One of so many times it is stopped for a while rather than killed. */
    private static final int PAUSE_EVERY = 5;

    private static final Duration PAUSE = Duration.ofSeconds(3);
    /** So often it does not get as far as knowing its resource managers again. */
    private static final int IN_RECOVERY_EVERY = 4;

    /** However slow the machine is, each kill that is not in recovery strikes a coordinator that is in use. */
    private static final int TRANSACTIONS_BETWEEN_KILLS_MIN = 30;

    private static final int RUN_MILLIS_MAX = 1_000;

    private static final int CLIENTS = 8;
    private static final List<String> NAMES = List.of("orders", "payments", "stock");
    /** Written by everybody, in all resource managers at once: it shows whether they agree on one order. */
    private static final String HOT = "hot";

    private static final Set<String> FINAL = Set.of("COMMITTED", "ROLLED_BACK", "HEURISTIC");

    /** What a client did under one key, and the last that it heard. */
    private record Heard(String key, Set<String> written, String id, String state) {}

    private final Random random = new Random();
    private final JsonClient http = new JsonClient();
    private final AtomicBoolean running = new AtomicBoolean(true);
    private final AtomicInteger begun = new AtomicInteger();
    private final ConcurrentLinkedQueue<Heard> heard = new ConcurrentLinkedQueue<>();

    @Test
    void every_acknowledged_commit_is_everywhere_and_none_is_half_done(@TempDir Path directory) throws Exception {
        try (Processes processes = new Processes("killed-coordinator");
                ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
            Application coordinator = processes
                    .coordinator("coordinator")
                    .with("DTC_LOG_KIND", "file")
                    .with("DTC_LOG_DIRECTORY", directory.resolve("log-0").toString())
                    .with("DTC_LOG_SEGMENT_SIZE", "1M") // so that segments are begun and cleaned too
                    .with("DTC_REGISTRATION_LEASE", "3s") // so that all are known again soon
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
                        heard.add(transact(coordinator));
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
                int before = heard.size();
                Waiting.await("transactions end").until(() -> heard.size() >= before + TRANSACTIONS_BETWEEN_KILLS_MIN);
            }
            TimeUnit.MILLISECONDS.sleep(random.nextInt(RUN_MILLIS_MAX)); // any moment is what is tried here
            if (i % PAUSE_EVERY == 0) {
                coordinator.pause();
                TimeUnit.MILLISECONDS.sleep(PAUSE.toMillis());
                coordinator.resume();
            } else {
                coordinator.kill();
                // Another pod, another mount: the log is what counts.
                Path elsewhere = directory.resolve("log-" + i);
                Files.move(log, elsewhere);
                log = elsewhere;
                coordinator.with("DTC_LOG_DIRECTORY", log.toString()).start().awaitReady();
            }
        }
    }

    /** One transaction in one of the ways there are, on to an outcome, or to a restart that made an end of it. */
    private Heard transact(Application coordinator) throws InterruptedException {
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
        return "{\"resourceManager\":\"%s\",\"key\":\"%s\",\"value\":%d}".formatted(name, key, value);
    }

    /** Tries again under the same name, however often the connection breaks. */
    private JsonNode untilAnswered(String url, String body, String key) throws InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).POST(BodyPublishers.ofString(body));
        if (!body.isEmpty()) {
            request.header("Content-Type", "application/json").header("Idempotency-Key", key);
        }
        while (true) {
            try {
                HttpResponse<String> answer = http.send(request);
                if (answer.statusCode() == 404 || answer.statusCode() == 409) {
                    return MissingNode.getInstance(); // ended, which the outcome shows
                }
                if (answer.statusCode() != 503) {
                    assertTrue(answer.statusCode() == 200 || answer.statusCode() == 201, answer::body);
                    return http.read(answer);
                }
            } catch (IOException _) {
                // Dead, or standing still: again.
            }
            TimeUnit.MILLISECONDS.sleep(20); // what a polite client does
        }
    }

    /** A transaction that a restart forgot was rolled back: presumed abort. */
    private String untilFinal(String transactions, String id, JsonNode document) throws InterruptedException {
        String state = document.path("state").asText();
        while (!FINAL.contains(state)) {
            try {
                HttpResponse<String> answer = http.get(transactions + "/" + id);
                state = answer.statusCode() == 404
                        ? "ROLLED_BACK"
                        : http.read(answer).path("state").asText();
                if (state.equals("ACTIVE") || state.equals("MARKED_ROLLBACK")) {
                    untilAnswered(transactions + "/" + id + "/rollback", "", "");
                }
            } catch (IOException _) {
                // Again.
            }
            TimeUnit.MILLISECONDS.sleep(20);
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
