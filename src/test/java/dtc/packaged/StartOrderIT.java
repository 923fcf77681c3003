package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.Waiting;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The coordinator and the resource managers may start, stop and start again in any order. */
@NoApplication
class StartOrderIT {

    private final JsonClient http = new JsonClient();

    @Test
    void the_coordinator_first() throws Exception {
        try (Processes processes = new Processes("coordinator-first")) {
            Application coordinator =
                    processes.coordinator("coordinator").start().awaitReady();
            Application orders =
                    processes.resourceManagers("orders", coordinator).start();
            Application payments =
                    processes.resourceManagers("payments", coordinator).start();
            orders.awaitReady();
            payments.awaitReady();
            commits(coordinator, orders, payments, "first");
            assertEquals(Set.of("dtc_rm", "role=\"resource_manager\""), metrics(orders));
            assertEquals(Set.of("dtc_transactions", "dtc_votes", "role=\"coordinator\""), metrics(coordinator));
        }
    }

    @Test
    void the_resource_managers_first() throws Exception {
        try (Processes processes = new Processes("resource-managers-first")) {
            Application coordinator = processes.coordinator("coordinator");
            Application orders =
                    processes.resourceManagers("orders", coordinator).start();
            Application payments =
                    processes.resourceManagers("payments", coordinator).start();
            Waiting.await().until(() -> hasTried(orders) && hasTried(payments));

            coordinator.start().awaitReady();
            orders.awaitReady();
            payments.awaitReady();
            commits(coordinator, orders, payments, "late");
        }
    }

    @Test
    void resource_managers_register_again_after_a_coordinator_restart() throws Exception {
        try (Processes processes = new Processes("coordinator-again")) {
            Application coordinator =
                    processes.coordinator("coordinator").start().awaitReady();
            Application orders =
                    processes.resourceManagers("orders", coordinator).start();
            Application payments =
                    processes.resourceManagers("payments", coordinator).start();
            orders.awaitReady();
            payments.awaitReady();
            coordinator.kill();
            coordinator.start().awaitReady();
            Waiting.await("both have registered")
                    .until(() -> http.getJson(coordinator.url() + "/resource-managers")
                            .path("items")
                            .findValuesAsText("live")
                            .equals(List.of("true", "true")));
            commits(coordinator, orders, payments, "again");
        }
    }

    /** Which of these are among the metrics: those of a coordinator, and those of resource managers. */
    private Set<String> metrics(Application application) throws IOException, InterruptedException {
        String exposed = http.get(application.url() + "/q/metrics").body();
        return Stream.of("dtc_transactions", "dtc_votes", "dtc_rm", "role=\"coordinator\"", "role=\"resource_manager\"")
                .filter(exposed::contains)
                .collect(Collectors.toSet());
    }

    /** A coordinator that is restarted is ready once the resource managers of its transactions can be written to. */
    @Test
    void the_first_transaction_after_a_restart_commits(@TempDir Path log) throws Exception {
        try (Processes processes = new Processes("coordinator-restarted")) {
            Application coordinator = processes
                    .coordinator("coordinator")
                    .with("DTC_LOG_DIRECTORY", log.toString())
                    .start()
                    .awaitReady();
            Application orders =
                    processes.resourceManagers("orders", coordinator).start().awaitReady();
            Application payments =
                    processes.resourceManagers("payments", coordinator).start().awaitReady();
            commits(coordinator, orders, payments, "before");
            coordinator.kill();
            coordinator.start().awaitReady();
            HttpResponse<String> after = http.post(coordinator.url() + "/transactions", body("after"));
            assertEquals(201, after.statusCode(), after::body);
            assertEquals(
                    Set.of("orders", "payments"),
                    Set.copyOf(http.read(after).path("participants").findValuesAsText("resourceManager")));

            orders.kill();
            payments.kill();
            coordinator.kill();
            coordinator.start().awaitReady();
            JsonNode registered = http.getJson(coordinator.url() + "/resource-managers");
            assertEquals(Set.of("orders", "payments"), Set.copyOf(registered.findValuesAsText("id")));
        }
    }

    private static boolean hasTried(Application application) {
        return application.output().contains("failed and is retried");
    }

    /** The first votes may time out on a slow machine: the processes have just started. */
    private void commits(Application coordinator, Application orders, Application payments, String key)
            throws IOException, InterruptedException {
        Waiting.await("a commit").until(() -> {
            HttpResponse<String> answer = http.post(coordinator.url() + "/transactions", body(key));
            assertEquals(201, answer.statusCode(), answer::body);
            return http.read(answer).path("state").asText().equals("COMMITTED");
        });
        assertEquals(1, value(orders, "/rm/orders/entries/" + key));
        assertEquals(2, value(payments, "/rm/payments/entries/" + key));
    }

    private int value(Application application, String path) throws IOException, InterruptedException {
        JsonNode entry = http.getJson(application.url() + path);
        return entry.path("value").asInt();
    }

    private static String body(String key) {
        return """
                {"autoCommit":true,"writes":[
                  {"resourceManager":"orders","key":"%1$s","value":1},
                  {"resourceManager":"payments","key":"%1$s","value":2}]}""".formatted(key);
    }
}
