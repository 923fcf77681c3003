package dtc.rest;

import static io.restassured.RestAssured.delete;
import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static io.restassured.RestAssured.post;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.rest.RawResourceManager.Request;
import dtc.testing.Waiting;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Messages have an effect only at the resource manager to which they are addressed. */
@QuarkusTest
class AddressingTest {

    private static final String PROBLEM = "application/problem+json";

    @BeforeEach
    void resourceManagersAreRegistered() {
        Waiting.await().untilAsserted(() -> get("/q/health/ready").then().statusCode(200));
    }

    @Test
    void a_hosted_resource_manager_refuses_messages_for_another_one_without_effect() {
        String id = post("/transactions").jsonPath().getString("id");
        for (String message : List.of("writes", "prepare", "commit", "rollback")) {
            given().header("DTC-Resource-Manager", "payments")
                    .contentType(ContentType.JSON)
                    .body(message.equals("writes") ? "{\"key\":\"k\",\"value\":1}" : "{}")
                    .post("/rm/orders/transactions/" + id + "/" + message)
                    .then()
                    .statusCode(421)
                    .contentType(PROBLEM)
                    .body("title", equalTo("Misdirected Request"));
        }
        batch("payments", "[{\"type\":\"WRITE\",\"transaction\":\"%s\",\"key\":\"k\",\"value\":1}]".formatted(id))
                .statusCode(421);
        batch("gone", "[]", "gone").statusCode(421);
        get("/rm/orders/transactions").then().body("items.id.findAll { it == '%s' }".formatted(id), equalTo(List.of()));
        // The transaction has neither ended nor voted, so the messages had no effect.
        given().header("DTC-Resource-Manager", "orders")
                .contentType(ContentType.JSON)
                .body("{\"key\":\"k\",\"value\":1}")
                .post("/rm/orders/transactions/" + id + "/writes")
                .then()
                .statusCode(204);
        post("/rm/orders/transactions/" + id + "/rollback").then().statusCode(204);
    }

    @Test
    void refusals_and_answers_in_a_batch_of_a_hosted_resource_manager_name_the_transaction() {
        String id = post("/transactions").jsonPath().getString("id");
        post("/rm/orders/transactions/" + id + "/commit")
                .then()
                .statusCode(404)
                .contentType(PROBLEM)
                .body("transaction", equalTo(id));
        String message = "{\"type\":\"%s\",\"transaction\":\"%s\"}";
        batch(
                        "orders",
                        "[%s,%s,%s]"
                                .formatted(
                                        message.formatted("ROLLBACK", id),
                                        message.formatted("COMMIT", id),
                                        message.formatted("PREPARE", id)))
                .statusCode(200)
                .body("answers.transaction", contains(id, id, id))
                .body("answers.status", contains(204, 409, 200));
    }

    @Test
    void a_one_phase_commit_without_all_writes_is_refused() {
        String id = post("/transactions").jsonPath().getString("id");
        given().contentType(ContentType.JSON)
                .header("DTC-Write-Sequence", 2)
                .body("{\"key\":\"gap\",\"value\":1}")
                .post("/rm/orders/transactions/" + id + "/writes")
                .then()
                .statusCode(204);
        for (int i = 0; i < 2; i++) {
            given().header("DTC-Write-Count", 2)
                    .post("/rm/orders/transactions/" + id + "/commit")
                    .then()
                    .statusCode(409)
                    .contentType(PROBLEM)
                    .body("transaction", equalTo(id));
        }
        for (String wrong : List.of("0", "-1", "x", "1.0")) {
            given().header("DTC-Write-Count", wrong)
                    .post("/rm/orders/transactions/" + id + "/prepare")
                    .then()
                    .statusCode(400);
        }
    }

    private static ValidatableResponse batch(String addressee, String messages) {
        return batch(addressee, messages, "orders");
    }

    private static ValidatableResponse batch(String addressee, String messages, String path) {
        return given().header("DTC-Resource-Manager", addressee)
                .contentType(ContentType.JSON)
                .body("{\"messages\":%s}".formatted(messages))
                .post("/rm/" + path + "/batch")
                .then();
    }

    @Test
    void a_url_serves_one_id() {
        try (RawResourceManager rm = new RawResourceManager(RawResourceManager.always(""))) {
            register("first", rm.url(), UUID.randomUUID()).statusCode(201);
            String sameUrl = rm.url().replace("http://", "HTTP://") + "/";
            register("second", sameUrl, UUID.randomUUID()).statusCode(409).contentType(PROBLEM);
            register("first", sameUrl, UUID.randomUUID()).statusCode(200);
            get("/resource-managers").then().body("items.id", hasItem("first"));
        } finally {
            delete("/resource-managers/first");
        }
    }

    /** As with a proxy that keeps connections to a process, or a host name that is moved to another process. */
    @Test
    void after_another_instance_registered_messages_reach_it_although_earlier_connections_are_open() {
        try (RawResourceManager rm =
                new RawResourceManager((request, connection) -> connection.write(RawResourceManager.answer(request)))) {
            register("moving", rm.url(), UUID.randomUUID()).statusCode(201);
            commit();
            int before = rm.requests().size();
            int connectionsBefore =
                    rm.requests().stream().mapToInt(Request::connection).max().orElseThrow();
            UUID instance = UUID.randomUUID();
            register("moving", rm.url(), instance).statusCode(200);
            commit();
            List<Request> after = rm.requests().subList(before, rm.requests().size());
            assertEquals(3, after.size());
            for (Request request : after) {
                assertTrue(request.connection() > connectionsBefore, request.toString());
                assertEquals(instance.toString(), request.headers().get("DTC-Instance"));
                assertEquals("moving", request.headers().get("DTC-Resource-Manager"));
            }
        } finally {
            delete("/resource-managers/moving");
        }
    }

    /** Answers of another server at the address of a resource manager do not count. */
    @Test
    void a_page_of_a_proxy_neither_acknowledges_nor_refuses_a_commit() {
        try (ForeignResourceManager foreign = new ForeignResourceManager()) {
            foreign.on("commit", (exchange, call) -> {
                int[] pages = {404, 409, 200, 421, 503};
                if (call <= pages.length) {
                    exchange.getResponseHeaders().add("Content-Type", "text/html");
                    exchange.sendResponseHeaders(pages[call - 1], 0);
                    exchange.getResponseBody().write("<html>".getBytes(StandardCharsets.UTF_8));
                } else {
                    exchange.sendResponseHeaders(204, -1);
                }
            });
            String id = post("/transactions").jsonPath().getString("id");
            write(id, foreign.id());
            write(id, "orders");
            post("/transactions/" + id + "/prepare").then().statusCode(200);
            Waiting.await()
                    .untilAsserted(() -> get("/transactions/" + id).then().body("state", equalTo("COMMITTED")));
            assertEquals(6, foreign.calls("commit"));
        }
    }

    private static void commit() {
        String id = post("/transactions").jsonPath().getString("id");
        write(id, "moving");
        write(id, "orders");
        post("/transactions/" + id + "/prepare").then().body("state", equalTo("COMMITTED"));
    }

    private static void write(String id, String resourceManager) {
        given().contentType(ContentType.JSON)
                .body(Map.of("resourceManager", resourceManager, "key", id, "value", 1))
                .post("/transactions/" + id + "/writes")
                .then()
                .statusCode(204);
    }

    private static ValidatableResponse register(String id, String url, UUID instance) {
        return given().contentType(ContentType.JSON)
                .body(Map.of("url", url, "instance", instance.toString(), "features", List.of("keep-alive")))
                .put("/resource-managers/" + id)
                .then();
    }
}
