package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.PostgresServer;
import dtc.testing.Waiting;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The database of a resource manager is restored from a backup, as in docs/back-up-and-restore.md. */
@NoApplication
class RestoredDatabaseIT {

    private static final String DATABASE = "restored";

    private final JsonClient http = new JsonClient();

    @Test
    void what_is_in_doubt_after_a_restore_waits_for_an_operator(@TempDir Path directory) throws Exception {
        PostgresServer server = PostgresServer.shared();
        server.sql("CREATE DATABASE " + DATABASE + " OWNER dtc");
        try (Processes processes = new Processes("restored-database")) {
            // Its log is in memory, so its answer to an inquiry about an unknown transaction is ROLLBACK.
            Application coordinator = processes.coordinator("coordinator").start();
            Application orders = orders(processes, coordinator, server)
                    .with("DTC_RM_INQUIRY_FIRST", "1h")
                    .with("DTC_RM_INQUIRY_CAP", "1h")
                    .start();
            List.of(coordinator, orders).forEach(Application::awaitReady);
            commit(coordinator, "before");
            String inDoubt = prepare(orders, "in-doubt");
            String instance = instance(coordinator);

            Path backup = directory.resolve("backup.sql");
            server.dump(DATABASE, backup);
            commit(coordinator, "after");
            orders.kill();
            server.sql("DROP DATABASE " + DATABASE + " WITH (FORCE)");
            server.sql("CREATE DATABASE " + DATABASE + " OWNER dtc");
            server.restore(DATABASE, backup);
            Application command = orders(processes, coordinator, server)
                    .withArguments("rm", "new-instance", "orders")
                    .start();
            assertEquals(0, command.awaitEnd(), command::output);
            assertTrue(command.output().contains("in doubt: 1"), command.output());

            orders.with("DTC_RM_INQUIRY_FIRST", "100ms").start().awaitReady();
            Waiting.await("the registration").until(() -> !instance(coordinator).equals(instance));
            assertEquals(Map.of("before", 1), http.entries(orders.url(), "orders"));
            prepare(orders, "asked");
            Waiting.await("the coordinator is asked about a new transaction")
                    .until(() -> prepared(orders).size() == 1);
            assertEquals(List.of(inDoubt), prepared(orders));

            Application resolve = orders(processes, coordinator, server)
                    .withArguments("rm", "resolve", orders.url() + "/rm/orders", inDoubt, "commit")
                    .start();
            assertEquals(0, resolve.awaitEnd(), resolve::output);
            assertEquals(List.of(), prepared(orders));
            assertEquals(Map.of("before", 1, "in-doubt", 1), http.entries(orders.url(), "orders"));
        }
    }

    private static Application orders(Processes processes, Application coordinator, PostgresServer server) {
        return processes.resourceManagers("orders", coordinator).with(server.environment(DATABASE));
    }

    private void commit(Application coordinator, String key) throws Exception {
        HttpResponse<String> answer = http.post(coordinator.url() + "/transactions", """
                {"autoCommit":true,"writes":[{"resourceManager":"orders","key":"%s","value":1}]}""".formatted(key));
        assertEquals("COMMITTED", http.read(answer).path("state").asText(), answer::body);
    }

    /** Has the resource manager vote on a transaction that the coordinator does not know. Returns its id. */
    private String prepare(Application orders, String key) throws Exception {
        String id = new UUID(
                        System.currentTimeMillis() << 16 | 0x7000,
                        UUID.randomUUID().getLeastSignificantBits())
                .toString();
        String url = orders.url() + "/rm/orders/transactions/" + id;
        assertEquals(
                204,
                http.post(url + "/writes", "{\"key\":\"%s\",\"value\":1}".formatted(key))
                        .statusCode());
        HttpResponse<String> vote = http.post(url + "/prepare", "");
        assertEquals("COMMIT", http.read(vote).path("vote").asText(), vote::body);
        return id;
    }

    private List<String> prepared(Application orders) throws Exception {
        List<String> ids = new ArrayList<>();
        for (JsonNode item :
                http.getJson(orders.url() + "/rm/orders/transactions").path("items")) {
            assertEquals("PREPARED", item.path("state").asText());
            ids.add(item.path("id").asText());
        }
        return ids;
    }

    private String instance(Application coordinator) throws Exception {
        return http.getJson(coordinator.url() + "/resource-managers/orders")
                .path("instance")
                .asText();
    }
}
