package dtc.packaged;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItems;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.packaged.Processes.Application;
import dtc.testing.Waiting;
import io.restassured.http.ContentType;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The coordinator and the resource managers may start, stop and start again in any order. */
class StartOrderIT {

    @Test
    void the_coordinator_first() {
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
    void the_resource_managers_first() {
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
    void resource_managers_register_again_after_a_coordinator_restart() {
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
            Waiting.await()
                    .untilAsserted(() -> given().baseUri(coordinator.url())
                            .get("/resource-managers")
                            .then()
                            .body("items.findAll { it.live }.size()", equalTo(2)));
            commits(coordinator, orders, payments, "again");
        }
    }

    /** Which of these are among the metrics: those of a coordinator, and those of resource managers. */
    private static Set<String> metrics(Application application) {
        String exposed = given().baseUri(application.url()).get("/q/metrics").asString();
        return Stream.of("dtc_transactions", "dtc_votes", "dtc_rm", "role=\"coordinator\"", "role=\"resource_manager\"")
                .filter(exposed::contains)
                .collect(Collectors.toSet());
    }

    /** A coordinator that is restarted is ready once the resource managers of its transactions can be written to. */
    @Test
    void the_first_transaction_after_a_restart_commits(@TempDir Path log) {
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
            given().baseUri(coordinator.url())
                    .contentType(ContentType.JSON)
                    .body(body("after"))
                    .post("/transactions")
                    .then()
                    .statusCode(201)
                    .body("participants.resourceManager", hasItems("orders", "payments"));

            orders.kill();
            payments.kill();
            coordinator.kill();
            coordinator.start().awaitReady(); // after one lease
            assertTrue(
                    coordinator.output().contains("have not registered since the start: [orders, payments]"),
                    coordinator.output());
        }
    }

    private static boolean hasTried(Application application) {
        return application.output().contains("is not registered; registration is retried");
    }

    /** The first votes may time out on a slow machine: the processes have just started. */
    private static void commits(Application coordinator, Application orders, Application payments, String key) {
        Waiting.await()
                .untilAsserted(() -> given().baseUri(coordinator.url())
                        .contentType(ContentType.JSON)
                        .body(body(key))
                        .post("/transactions")
                        .then()
                        .statusCode(201)
                        .body("state", equalTo("COMMITTED")));
        given().baseUri(orders.url()).get("/rm/orders/entries/" + key).then().body("value", equalTo(1));
        given().baseUri(payments.url())
                .get("/rm/payments/entries/" + key)
                .then()
                .body("value", equalTo(2));
    }

    private static String body(String key) {
        return """
                {"autoCommit":true,"writes":[
                  {"resourceManager":"orders","key":"%1$s","value":1},
                  {"resourceManager":"payments","key":"%1$s","value":2}]}""".formatted(key);
    }
}
