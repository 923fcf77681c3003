package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import org.junit.jupiter.api.Test;

/** One coordinator, two resource managers, each a process of its own; one of these is killed in the middle. */
@NoApplication
class KilledResourceManagerIT {

    private static final int CLIENTS = 8;

    private record Ended(String key, String id, String state) {}

    private final JsonClient http = new JsonClient();

    @Test
    void a_partial_commit_is_always_reported_as_heuristic() throws Exception {
        try (Processes processes = new Processes("killed-resource-manager")) {
            Application coordinator = processes.coordinator("coordinator").start();
            Application orders =
                    processes.resourceManagers("orders", coordinator).start();
            Application payments =
                    processes.resourceManagers("payments", coordinator).start();
            List.of(coordinator, orders, payments).forEach(Application::awaitReady);

            AtomicBoolean running = new AtomicBoolean(true);
            AtomicInteger begun = new AtomicInteger();
            ConcurrentLinkedQueue<Ended> ended = new ConcurrentLinkedQueue<>();
            try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
                List<Future<?>> loops = new ArrayList<>();
                for (int i = 0; i < CLIENTS; i++) {
                    loops.add(clients.submit(() -> {
                        while (running.get()) {
                            ended.add(commit(coordinator, "key-" + begun.incrementAndGet()));
                        }
                        return null;
                    }));
                }
                Waiting.await().until(() -> ended.size() > 300);
                payments.kill();
                int before = ended.size();
                Waiting.await().until(() -> ended.size() > before + 100);
                payments.start().awaitReady();
                int back = ended.size();
                Waiting.await().until(() -> ended.size() > back + 300);
                running.set(false);
                for (Future<?> loop : loops) {
                    loop.get();
                }
            }

            Map<Ended, String> states = new HashMap<>();
            for (Ended one : ended) {
                states.put(one, settled(coordinator, one));
            }
            Set<String> ordersKeys = http.entries(orders.url(), "orders").keySet();
            Set<String> paymentsKeys = http.entries(payments.url(), "payments").keySet();
            int committedAfter = 0;
            List<String> half = new ArrayList<>();
            for (Ended one : ended) {
                String state = states.getOrDefault(one, "");
                boolean atOrders = ordersKeys.contains(one.key());
                boolean atPayments = paymentsKeys.contains(one.key());
                switch (state) {
                    case "ROLLED_BACK" -> {
                        if (atOrders || atPayments) {
                            half.add(one + " " + atOrders + " " + atPayments);
                        }
                    }
                    case "COMMITTED" -> {
                        // What payments held in memory before it was killed is gone; orders has all of it.
                        assertTrue(atOrders, one::toString);
                        committedAfter += atPayments ? 1 : 0;
                    }
                    case "HEURISTIC" -> assertTrue(atOrders && !atPayments, one::toString);
                    default -> half.add(one + " is " + state);
                }
            }
            assertEquals(List.of(), half);
            assertTrue(committedAfter >= 100, "after the restart both hold what was committed: " + committedAfter);
            for (Application each : List.of(orders, payments)) {
                String name = each == orders ? "orders" : "payments";
                JsonNode transactions = http.getJson(each.url() + "/rm/" + name + "/transactions");
                assertFalse(
                        transactions.path("items").findValuesAsText("state").contains("PREPARED"),
                        transactions::toString);
            }
        }
    }

    private Ended commit(Application coordinator, String key) throws IOException, InterruptedException {
        HttpResponse<String> answer = http.send(HttpRequest.newBuilder(URI.create(coordinator.url() + "/transactions"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("""
                        {"autoCommit":true,"writes":[{"resourceManager":"orders","key":"%s","value":1},
                                                     {"resourceManager":"payments","key":"%s","value":1}]}""".formatted(key, key))));
        assertEquals(201, answer.statusCode(), answer::body);
        JsonNode transaction = http.read(answer);
        return new Ended(
                key, transaction.path("id").asText(), transaction.path("state").asText());
    }

    private String settled(Application coordinator, Ended one) {
        return Waiting.await(one.toString())
                .pollDelay(Duration.ZERO)
                .pollInSameThread()
                .until(
                        () -> http.getJson(coordinator.url() + "/transactions/" + one.id())
                                .path("state")
                                .asText(),
                        state ->
                                List.of("COMMITTED", "ROLLED_BACK", "HEURISTIC").contains(state));
    }
}
