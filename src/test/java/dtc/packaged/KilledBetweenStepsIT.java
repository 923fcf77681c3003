package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.PostgresServer;
import dtc.testing.TcpProxy;
import dtc.testing.TcpProxy.Gate;
import dtc.testing.Waiting;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A resource manager over PostgreSQL is killed between two steps of a transaction, and at the end another process takes
 * over while it is stopped. What the earlier process sent arrives after the next one has started. {@code -Dkills=N}
 * sets the number of steps; the default is two.
 */
@NoApplication
class KilledBetweenStepsIT {

    private static final int STEPS = Integer.getInteger("kills", 2);
    private static final Set<String> FINAL = Set.of("COMMITTED", "ROLLED_BACK", "HEURISTIC");

    private interface Place {
        Gate hold(TcpProxy coordinator, TcpProxy database, String key);
    }

    /** Messages to the database contain the key: first the vote, then the commit. */
    private enum Step {
        COMMIT_SENT_TO_DATABASE((_, database, key) -> database.holdMessage(key, 2), "COMMITTED"),
        VOTE_STORED((_, database, key) -> database.holdAnswer(key, 1), "ROLLED_BACK"),
        PREPARE_SENT((coordinator, _, _) -> coordinator.holdMessage("/prepare ", 1), "ROLLED_BACK"),
        VOTE_SENT_TO_DATABASE((_, database, key) -> database.holdMessage(key, 1), "ROLLED_BACK"),
        VOTE_SENT((coordinator, _, _) -> coordinator.holdAnswer("/prepare ", 1), "ROLLED_BACK"),
        COMMIT_SENT((coordinator, _, _) -> coordinator.holdMessage("/commit ", 1), "COMMITTED"),
        COMMIT_STORED((_, database, key) -> database.holdAnswer(key, 2), "COMMITTED"),
        COMMIT_ACKNOWLEDGED((coordinator, _, _) -> coordinator.holdAnswer("/commit ", 1), "COMMITTED");

        @SuppressWarnings("ImmutableEnumChecker") // the lambdas have no state
        private final Place place;

        private final String outcome;

        Step(Place place, String outcome) {
            this.place = place;
            this.outcome = outcome;
        }
    }

    private final JsonClient http = new JsonClient();
    private final PostgresServer server = PostgresServer.create();
    private final Processes processes = new Processes("killed-between-steps");
    private final Application coordinator = processes.coordinator("coordinator");
    private final Application payments = processes.resourceManagers("payments", coordinator);
    private final Map<String, Integer> expected = new TreeMap<>();

    @Test
    void what_was_decided_is_applied_and_nothing_else(@TempDir Path directory) throws Exception {
        try (server;
                processes;
                TcpProxy database = new TcpProxy(server.port())) {
            Application orders = orders(database.port());
            try (TcpProxy address = new TcpProxy(URI.create(orders.url()).getPort())) {
                coordinator
                        .with("DTC_LOG_DIRECTORY", directory.resolve("log").toString())
                        .with("DTC_MESSAGES_BATCH_MAX", "1")
                        .with("DTC_PREPARE_TIMEOUT", "3s")
                        .with("DTC_REGISTRATION_LEASE", "3s")
                        .start();
                orders.with("DTC_RM_ADVERTISED_URL", "http://127.0.0.1:" + address.port())
                        .start();
                payments.start();
                List.of(coordinator, orders, payments).forEach(Application::awaitReady);
                for (Step step : Stream.of(Step.values()).limit(STEPS).toList()) {
                    Gate gate = step.place.hold(address, database, step.name());
                    CompletableFuture<String> transaction = begin(step.name(), 1);
                    gate.reached().get(60, TimeUnit.SECONDS);
                    orders.kill();
                    orders.start().awaitReady();
                    check(step.name(), step.outcome, transaction, orders);
                    gate.release();
                }
                String key = "between check and write";
                Gate gate = database.holdMessage(key, 1);
                CompletableFuture<String> transaction = begin(key, 1);
                gate.reached().get(60, TimeUnit.SECONDS);
                orders.pause();
                Application second = orders(server.port()).start().awaitReady();
                check(key, "ROLLED_BACK", transaction, second);
                // Its append gets no answer, so it tries to open its storage again.
                orders.resume();
                Waiting.await("the first process is fenced")
                        .until(() ->
                                orders.output().contains("another process has taken over resource manager orders"));
                gate.release();
                commitLater(key);

                assertEquals(expected, http.entries(second.url(), "orders"));
                assertEquals(expected, http.entries(payments.url(), "payments"));
                assertEquals("0", server.in("dtc", "SELECT count(*) FROM dtc_prepared"));
            }
        }
    }

    private Application orders(int databasePort) {
        return processes
                .resourceManagers("orders", coordinator)
                .with(server.environment())
                .with("DTC_RM_STORE_URL", "postgresql://127.0.0.1:" + databasePort + "/dtc")
                .with("DTC_RM_INQUIRY_FIRST", "500ms");
    }

    /** Completes with the id of the transaction. */
    private CompletableFuture<String> begin(String key, int value) {
        CompletableFuture<String> id = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                HttpResponse<String> answer = http.post(coordinator.url() + "/transactions", """
                        {"autoCommit":true,"writes":[
                          {"resourceManager":"orders","key":"%1$s","value":%2$s},
                          {"resourceManager":"payments","key":"%1$s","value":%2$s}]}""".formatted(key, value));
                assertEquals(201, answer.statusCode(), answer::body);
                id.complete(http.read(answer).path("id").asText());
            } catch (Exception | AssertionError e) {
                id.completeExceptionally(e);
            }
        });
        return id;
    }

    /** Another transaction writes the same key before the rest of the first one arrives, which must have no effect. */
    private void check(String key, String outcome, CompletableFuture<String> transaction, Application orders)
            throws Exception {
        assertEquals(outcome, outcome(transaction), key);
        http.awaitNoOpenTransactions(orders.url(), "orders");
        boolean committed = outcome.equals("COMMITTED");
        assertEquals(committed, http.entries(orders.url(), "orders").containsKey(key), key);
        assertEquals(committed, http.entries(payments.url(), "payments").containsKey(key), key);
        commitLater(key);
    }

    private void commitLater(String key) {
        int value = expected.getOrDefault(key, 1) + 1;
        // A vote may be late on a loaded machine.
        Waiting.await(key).until(() -> outcome(begin(key, value)), "COMMITTED"::equals);
        expected.put(key, value);
    }

    private String outcome(CompletableFuture<String> transaction) throws Exception {
        String url = coordinator.url() + "/transactions/" + transaction.get(60, TimeUnit.SECONDS);
        return Waiting.await("the transaction ends")
                .until(() -> http.getJson(url).path("state").asText(), FINAL::contains);
    }
}
