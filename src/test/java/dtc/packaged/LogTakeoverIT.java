package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dtc.log.file.DirectoryStorage;
import dtc.log.file.LogMaintenance;
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
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two coordinators on one log folder: the first is paused under load, its lock file is removed, and the second one
 * starts. The first must end when it continues, and the second must know every commit that the first acknowledged.
 */
@NoApplication
class LogTakeoverIT {

    private static final int CLIENTS = 8;
    private static final int COMMITS_BEFORE_PAUSE = 200;
    private static final Set<String> COMMITTED = Set.of("COMMITTING", "COMMITTED");

    private final JsonClient http = new JsonClient();
    private final AtomicInteger begun = new AtomicInteger();

    @TempDir
    @SuppressWarnings("NullAway.Init") // set before each test
    private Path directory;

    private Application coordinator(Processes processes, String name) {
        return processes
                .coordinator(name)
                .with("DTC_RM_IDS", "orders,payments")
                .with("DTC_LOG_KIND", "file")
                .with("DTC_LOG_DIRECTORY", log().toString())
                .with("DTC_LOG_SEGMENT_SIZE", "64K"); // so that segments are created and cleaned too
    }

    private Path log() {
        return directory.resolve("log");
    }

    @Test
    void a_paused_coordinator_ends_after_another_one_has_taken_over_its_log() throws Exception {
        try (Processes processes = new Processes("log-takeover");
                ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
            Application first = coordinator(processes, "first").start().awaitReady();
            Application second = coordinator(processes, "second");
            for (int round = 0; round < 3; round++) {
                takeOver(first, second, clients);
                Application next = first;
                first = second;
                second = next;
            }
            first.stop();
            List<String> lines = new ArrayList<>();
            try (DirectoryStorage storage = new DirectoryStorage(log())) {
                assertEquals(
                        LogMaintenance.VerifyResult.INTACT,
                        new LogMaintenance(storage, new Random(), Instant.EPOCH, lines::add).verify(_ -> {}),
                        lines::toString);
            }
        }
    }

    private void takeOver(Application first, Application second, ExecutorService clients) throws Exception {
        Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
        AtomicBoolean running = new AtomicBoolean(true);
        List<Future<?>> loops = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            loops.add(clients.submit(() -> {
                while (running.get()) {
                    commit(first, acknowledged);
                }
                return null;
            }));
        }
        Queue<String> newer = new ConcurrentLinkedQueue<>();
        try {
            Waiting.await("commits").until(() -> acknowledged.size() >= COMMITS_BEFORE_PAUSE);
            first.pause();
            Files.delete(log().resolve("lock"));
            second.start().awaitReady();
            Waiting.await("the second one commits").until(() -> {
                commit(second, newer);
                return !newer.isEmpty();
            });

            first.resume();
            Waiting.await("the first one ends").until(() -> !first.isAlive());
        } finally {
            running.set(false); // the executor waits for the clients
        }
        for (Future<?> loop : loops) {
            loop.get();
        }
        assertEquals(
                1, first.output().lines().filter(line -> line.contains("FATAL")).count(), first.output());
        assertTrue(first.output().contains("was claimed by another process (claim-"), first.output());
        for (String id : acknowledged) {
            // Not the state: the resource managers of the first one are gone, with what was not delivered to them.
            assertEquals("COMMIT", outcome(second, id), id);
        }
        commit(second, newer);
        assertEquals(2, newer.size());
    }

    /** Sends one transaction; notes its id if the commit is acknowledged. */
    private void commit(Application coordinator, Queue<String> acknowledged) throws InterruptedException {
        int number = begun.incrementAndGet();
        String body = String.format(Locale.ROOT, """
                {"writes": [{"resourceManager": "orders", "key": "o-%d", "value": 1},
                            {"resourceManager": "payments", "key": "p-%d", "value": 2}],
                 "autoCommit": true}""", number, number);
        try {
            HttpResponse<String> response =
                    http.send(HttpRequest.newBuilder(URI.create(coordinator.url() + "/transactions"))
                            .header("Content-Type", "application/json")
                            .POST(BodyPublishers.ofString(body)));
            if (response.statusCode() == 201) {
                JsonNode transaction = http.read(response);
                if (COMMITTED.contains(transaction.path("state").asText())) {
                    acknowledged.add(transaction.path("id").asText());
                }
            }
        } catch (IOException _) {
            // It is paused or has ended: nothing is acknowledged.
        }
    }

    private String outcome(Application coordinator, String id) throws IOException, InterruptedException {
        return http.getJson(coordinator.url() + "/transactions/" + id + "/outcome")
                .path("outcome")
                .asText();
    }
}
