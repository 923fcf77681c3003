package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.RawClient;
import dtc.testing.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A coordinator with a small heap and clients that take as much memory as they can. The transactions of another client
 * go on. {@code -Doverload.heaps=64m,128m} sets the sizes of the heap, and {@code -Doverload.seconds=N} the duration;
 * the defaults are 128m and 10.
 */
@NoApplication
class OverloadIT {

    private static final Logger LOG = Logger.getLogger(OverloadIT.class);

    private static final Duration DURATION = Duration.ofSeconds(Integer.getInteger("overload.seconds", 10));
    /** On a slow machine. */
    private static final Duration DURATION_MORE = Duration.ofSeconds(60);

    private static final int COMMITTED_MIN = 5;
    private static final int CONNECTIONS_OF_EACH_KIND = 500;
    private static final int THREADS_OF_EACH_KIND = 4;
    private static final int PARTICIPANTS = 100;
    private static final int VALUE_CHARS = 60_000;
    private static final int BODY_BYTES = 1_000_000;
    private static final Duration STEP = Duration.ofMillis(500);

    private final JsonClient http = new JsonClient();
    private final AtomicBoolean running = new AtomicBoolean(true);
    private final ConcurrentLinkedQueue<RawClient> connections = new ConcurrentLinkedQueue<>();

    static Stream<String> heaps() {
        return Stream.of(System.getProperty("overload.heaps", "128m").split(","));
    }

    @ParameterizedTest
    @MethodSource("heaps")
    void transactions_of_other_clients_go_on(String heap) throws Exception {
        try (Processes processes = new Processes("overload-" + heap);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Application coordinator =
                    processes.coordinator("coordinator").withHeap(heap).start().awaitReady();
            List<String> names =
                    IntStream.range(0, PARTICIPANTS).mapToObj(i -> "rm-" + i).toList();
            processes
                    .resourceManagers(names.getFirst(), coordinator)
                    .with("DTC_RM_IDS", String.join(",", names))
                    .start()
                    .awaitReady();
            Waiting.await("all have registered")
                    .until(() -> http.getJson(coordinator.url() + "/resource-managers")
                                    .path("items")
                                    .size()
                            == PARTICIPANTS);
            int port = URI.create(coordinator.url()).getPort();
            List<Future<?>> attacks = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS_OF_EACH_KIND; i++) {
                attacks.add(threads.submit(() -> doNotRead(port)));
                attacks.add(threads.submit(() -> readSlowly(port)));
                attacks.add(threads.submit(() -> writeSlowly(port, "Content-Length: " + BODY_BYTES)));
                attacks.add(threads.submit(() -> writeSlowly(port, "Transfer-Encoding: chunked")));
            }
            for (int i = 0; i < THREADS_OF_EACH_KIND; i++) {
                attacks.add(threads.submit(() -> {
                    send(coordinator, large());
                    return null;
                }));
                attacks.add(threads.submit(() -> {
                    send(coordinator, withManyParticipants(names));
                    return null;
                }));
            }
            int all = 0;
            int committed = 0;
            try {
                long end = System.nanoTime() + DURATION.toNanos();
                long endAtLast = end + DURATION_MORE.toNanos();
                while (System.nanoTime() < end || (committed < COMMITTED_MIN && System.nanoTime() < endAtLast)) {
                    assertTrue(coordinator.isAlive(), coordinator::output);
                    all++;
                    committed += commits(coordinator, small(all)) ? 1 : 0;
                }
                int number = committed;
                assertTrue(number >= COMMITTED_MIN, () -> number + " committed");
            } finally {
                running.set(false);
                connections.forEach(RawClient::close);
            }
            for (Future<?> attack : attacks) {
                attack.get();
            }
            LOG.infof("heap %s: %d of %d transactions committed in %s", heap, committed, all, DURATION);
            Waiting.await("large requests are served again")
                    .atMost(DURATION_MORE)
                    .until(() -> isServed(coordinator, large()));
            assertTrue(coordinator.isAlive(), coordinator::output);
        }
    }

    /** Not if it takes too long, since all share the processor, or if there are too many connections at the moment. */
    private boolean commits(Application coordinator, String body) throws InterruptedException {
        try {
            HttpResponse<String> answer = post(coordinator, body);
            assertEquals(201, answer.statusCode(), answer::body);
            return !http.read(answer).path("state").asText().equals("ROLLED_BACK");
        } catch (IOException _) {
            return false;
        }
    }

    private boolean isServed(Application coordinator, String body) throws InterruptedException {
        try {
            return post(coordinator, body).statusCode() == 201;
        } catch (IOException _) {
            return false; // it still closes the connections of the attack
        }
    }

    /** Until the server closes the connection; then on another one. */
    private void repeat(int port, Attack attack) {
        while (running.get()) {
            try (RawClient client = new RawClient(port)) {
                connections.add(client);
                attack.run(client);
            } catch (UncheckedIOException _) {
                pause(); // closed, or too many connections
            }
        }
    }

    private interface Attack {
        void run(RawClient client);
    }

    private void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(STEP.toMillis()); // the rate of the attack
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void doNotRead(int port) {
        repeat(port, client -> {
            client.send("GET /transactions?limit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(20));
            while (running.get()) {
                pause();
            }
        });
    }

    private void readSlowly(int port) {
        repeat(port, client -> {
            client.send(
                    "GET /q/metrics HTTP/1.1\r\nHost: localhost\r\n\r\nGET /console/transactions HTTP/1.1\r\nHost: localhost\r\n\r\n");
            while (running.get() && !client.skip(100)) {
                pause();
            }
        });
    }

    private void writeSlowly(int port, String framing) {
        boolean isChunked = framing.startsWith("Transfer");
        repeat(port, client -> {
            client.send("POST /transactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + framing
                    + "\r\n\r\n");
            while (running.get()) {
                client.send(isChunked ? "1000\r\n" + " ".repeat(0x1000) + "\r\n" : " ".repeat(0x1000));
                pause();
            }
        });
    }

    private void send(Application coordinator, String body) throws Exception {
        while (running.get()) {
            try {
                post(coordinator, body);
            } catch (IOException _) {
                // closed, or too many connections
            }
            pause();
        }
    }

    private HttpResponse<String> post(Application coordinator, String body) throws IOException, InterruptedException {
        return http.send(HttpRequest.newBuilder(URI.create(coordinator.url() + "/transactions"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body)));
    }

    private static String small(int number) {
        return body(List.of(write("rm-1", "small-" + number, "1"), write("rm-2", "small-" + number, "1")));
    }

    private static String large() {
        String value = "\"" + "x".repeat(VALUE_CHARS) + "\"";
        return body(IntStream.range(0, BODY_BYTES / VALUE_CHARS)
                .mapToObj(i -> write("rm-" + i % 2, "large-" + i, value))
                .toList());
    }

    private static String withManyParticipants(List<String> names) {
        return body(names.stream().map(name -> write(name, "many", "1")).toList());
    }

    private static String body(List<String> writes) {
        return "{\"autoCommit\":true,\"writes\":[" + writes.stream().collect(Collectors.joining(",")) + "]}";
    }

    private static String write(String name, String key, String value) {
        return "{\"resourceManager\":\"" + name + "\",\"key\":\"" + key + "\",\"value\":" + value + "}";
    }
}
