package dtc.packaged;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.equalTo;

import dtc.packaged.Processes.Application;
import dtc.testing.Waiting;
import io.restassured.http.ContentType;
import org.junit.jupiter.api.Test;

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

    private static boolean hasTried(Application application) {
        return application.output().contains("is not registered, retrying");
    }

    /** The first votes may time out on a slow machine: the processes have just started. */
    private static void commits(Application coordinator, Application orders, Application payments, String key) {
        Waiting.await()
                .untilAsserted(() -> given().baseUri(coordinator.url())
                        .contentType(ContentType.JSON)
                        .body("""
                                {"autoCommit":true,"writes":[
                                  {"resourceManager":"orders","key":"%1$s","value":1},
                                  {"resourceManager":"payments","key":"%1$s","value":2}]}""".formatted(key))
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
}
