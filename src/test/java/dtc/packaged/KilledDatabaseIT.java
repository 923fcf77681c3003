package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.PostgresServer;
import dtc.testing.TcpProxy;
import dtc.testing.Waiting;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A coordinator and two resource managers over PostgreSQL, under load, while processes and connections fail in turn.
 * {@code -Ddatabase.kills=N} sets the number of failures; the default is 7, one of each kind.
 */
@NoApplication
class KilledDatabaseIT {

    private static final Logger LOG = Logger.getLogger(KilledDatabaseIT.class);

    private static final int FAILURES = Integer.getInteger("database.kills", 7);
    private static final Set<String> FINAL = Set.of("COMMITTED", "ROLLED_BACK", "HEURISTIC");
    private static final int CLIENTS = 6;
    private static final int COMMITS_BETWEEN_FAILURES = 40;

    private record Ended(String key, String id, String state) {}

    private final JsonClient http = new JsonClient();
    private final AtomicBoolean running = new AtomicBoolean(true);
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger committed = new AtomicInteger();
    private final ConcurrentLinkedQueue<Ended> ended = new ConcurrentLinkedQueue<>();

    @Test
    void what_is_committed_is_in_both_databases_and_nothing_is_heuristic(@TempDir Path directory) throws Exception {
        try (PostgresServer database = PostgresServer.create();
                TcpProxy proxy = new TcpProxy(database.port());
                Processes processes = new Processes("killed-database");
                ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
            Application coordinator = processes
                    .coordinator("coordinator")
                    .with("DTC_LOG_DIRECTORY", directory.resolve("log").toString())
                    .with("DTC_REGISTRATION_LEASE", "3s")
                    .start();
            Application orders = stored(processes.resourceManagers("orders", coordinator), database, database.port())
                    .start();
            Application payments = stored(processes.resourceManagers("payments", coordinator), database, proxy.port())
                    .start();
            Application second = stored(processes.resourceManagers("orders", coordinator), database, database.port());
            List.of(coordinator, orders, payments).forEach(Application::awaitReady);

            List<Future<?>> loops = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                loops.add(clients.submit(() -> {
                    while (running.get()) {
                        transact(coordinator, "key-" + begun.incrementAndGet());
                    }
                    return null;
                }));
            }
            try {
                for (int i = 0; i < FAILURES; i++) {
                    awaitCommits();
                    orders = fail(i % 7, coordinator, orders, second, database, proxy);
                    second = orders == second ? swapped(processes, coordinator, database) : second;
                }
                awaitCommits();
            } finally {
                running.set(false);
            }
            for (Future<?> loop : loops) {
                loop.get();
            }
            verify(coordinator, orders, payments);
        }
    }

    private Application swapped(Processes processes, Application coordinator, PostgresServer database) {
        return stored(processes.resourceManagers("orders", coordinator), database, database.port());
    }

    private static Application stored(Application resourceManager, PostgresServer database, int port) {
        return resourceManager
                .with("DTC_RM_STORE_KIND", "postgresql")
                .with("DTC_RM_STORE_URL", "postgresql://127.0.0.1:" + port + "/dtc")
                .with("DTC_RM_STORE_USERNAME", database.username())
                .with("DTC_RM_STORE_PASSWORD_FILE", database.passwordFile().toString())
                .with("DTC_RM_INQUIRY_FIRST", "500ms");
    }

    private void awaitCommits() {
        int before = committed.get();
        Waiting.await("transactions commit").until(() -> committed.get() >= before + COMMITS_BETWEEN_FAILURES);
    }

    /** Returns the process that serves orders from now on. */
    private Application fail(
            int kind,
            Application coordinator,
            Application orders,
            Application second,
            PostgresServer database,
            TcpProxy proxy) {
        LOG.infof("failure of kind %d", kind);
        switch (kind) {
            case 0 -> {
                orders.kill();
                orders.start().awaitReady();
            }
            case 1 -> {
                database.kill();
                database.start();
            }
            case 2 -> proxy.cut();
            case 3 -> proxy.freeze();
            case 4 -> {
                // Another process takes over while this one stands still, maybe between its check and its write.
                orders.pause();
                second.start().awaitListening();
                orders.resume();
                Waiting.await("the first process is fenced")
                        .until(() ->
                                orders.output().contains("another process has taken over resource manager orders"));
                orders.kill();
                second.awaitReady();
                return second;
            }
            case 5 -> {
                // All sessions end, as when the server restarts in good order.
                database.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'dtc'");
            }
            default -> {
                // Longer than a lease.
                database.kill();
                Waiting.await("the lease has lapsed")
                        .until(() -> !http.getJson(coordinator.url() + "/resource-managers/payments")
                                .path("live")
                                .asBoolean());
                database.start();
            }
        }
        return orders;
    }

    private void transact(Application coordinator, String key) throws InterruptedException {
        try {
            HttpResponse<String> answer =
                    http.send(HttpRequest.newBuilder(URI.create(coordinator.url() + "/transactions"))
                            .header("Content-Type", "application/json")
                            .POST(BodyPublishers.ofString("""
                                    {"autoCommit":true,"writes":[
                                      {"resourceManager":"orders","key":"%1$s","value":1,"if":{"absent":true}},
                                      {"resourceManager":"payments","key":"%1$s","value":1}]}""".formatted(key))));
            if (answer.statusCode() == 201) {
                JsonNode transaction = http.read(answer);
                String state = transaction.path("state").asText();
                if (state.equals("COMMITTED")) {
                    committed.incrementAndGet();
                }
                ended.add(new Ended(key, transaction.path("id").asText(), state));
            }
        } catch (IOException e) {
            LOG.infof("no answer: %s", e.toString());
        }
    }

    private void verify(Application coordinator, Application orders, Application payments) throws Exception {
        Map<String, String> states = new HashMap<>();
        for (Ended one : ended) {
            states.put(one.key(), settled(coordinator, one));
        }
        for (Application each : List.of(orders, payments)) {
            String name = each == orders ? "orders" : "payments";
            Waiting.await(name + " has nothing in doubt")
                    .ignoreExceptions()
                    .until(() -> http.getJson(each.url() + "/rm/" + name + "/transactions")
                            .path("items")
                            .isEmpty());
        }
        Map<String, Integer> ordersEntries = http.entries(orders.url(), "orders");
        Map<String, Integer> paymentsEntries = http.entries(payments.url(), "payments");
        List<String> wrong = new ArrayList<>();
        for (Ended one : ended) {
            boolean inOrders = ordersEntries.containsKey(one.key());
            boolean inPayments = paymentsEntries.containsKey(one.key());
            String state = states.getOrDefault(one.key(), "");
            boolean right = switch (state) {
                case "COMMITTED" -> inOrders && inPayments;
                case "ROLLED_BACK" -> !inOrders && !inPayments && !one.state().equals("COMMITTED");
                default -> false;
            };
            if (!right) {
                wrong.add(one + " is " + state + ", orders " + inOrders + ", payments " + inPayments);
            }
        }
        assertEquals(List.of(), wrong);
        // What got no answer is in both or in none as well.
        assertEquals(ordersEntries.keySet(), paymentsEntries.keySet());
        assertTrue(committed.get() >= FAILURES * COMMITS_BETWEEN_FAILURES);
        LOG.infof("%d of %d transactions committed", committed.get(), begun.get());
    }

    /**
     * A transaction may be removed soon after its end, because clients begin many while the database is away. One with
     * an undelivered commit is never removed, so a removed commit was acknowledged by all participants.
     */
    private String settled(Application coordinator, Ended one) {
        if (FINAL.contains(one.state())) {
            return one.state();
        }
        return Waiting.await(one.toString())
                .pollDelay(Duration.ZERO)
                .pollInSameThread()
                .until(
                        () -> {
                            HttpResponse<String> answer = http.get(coordinator.url() + "/transactions/" + one.id());
                            if (answer.statusCode() == 404) {
                                return one.state().equals("COMMITTING") ? "COMMITTED" : "ROLLED_BACK";
                            }
                            return http.read(answer).path("state").asText();
                        },
                        FINAL::contains);
    }
}
