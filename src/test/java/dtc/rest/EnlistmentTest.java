package dtc.rest;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.testing.Waiting;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Participants that enlist themselves, and calls of rollback-only. */
@QuarkusTest
class EnlistmentTest {

    private final String request = UUID.randomUUID().toString();

    @BeforeEach
    void resourceManagersAreRegistered() {
        Waiting.await().untilAsserted(() -> get("/q/health/ready").then().statusCode(200));
    }

    @Test
    void an_enlisted_resource_manager_gets_a_number_and_the_time() {
        String id = begin();
        enlist(id, "orders", Map.of("request", request))
                .then()
                .statusCode(200)
                .body("resourceManager", equalTo("orders"))
                .body("sequence", equalTo(1))
                .body("expiresAt", equalTo(get("/transactions/" + id).path("expiresAt")));
        get("/transactions/" + id)
                .then()
                .body("state", equalTo("ACTIVE"))
                .body("participants[0].resourceManager", equalTo("orders"))
                .body("participants[0].state", equalTo("ACTIVE"))
                .body("participants[0].vote", nullValue());
        enlist(id, "orders", Map.of("request", request)).then().body("sequence", equalTo(1));
        enlist(id, "orders", Map.of("request", UUID.randomUUID())).then().body("sequence", equalTo(2));
        given().put(path(id, "orders")).then().statusCode(200).body("sequence", equalTo(3));
        enlist(id, "payments", Map.of("request", request)).then().body("sequence", equalTo(1));
        get("/console/transactions/" + id).then().statusCode(200).body(containsString("orders"));
    }

    @Test
    void numbered_work_commits() {
        String id = begin();
        int number = enlist(id, "orders", Map.of("request", request)).path("sequence");
        given().contentType(ContentType.JSON)
                .header(Headers.WRITE_SEQUENCE, number)
                .body("{\"key\":\"enlisted\",\"value\":1}")
                .post("/rm/orders/transactions/" + id + "/writes")
                .then()
                .statusCode(204);
        enlist(id, "payments", Map.of()).then().statusCode(200);
        given().contentType(ContentType.JSON)
                .header(Headers.WRITE_SEQUENCE, 1)
                .body("{\"key\":\"enlisted\",\"value\":2}")
                .post("/rm/payments/transactions/" + id + "/writes")
                .then()
                .statusCode(204);
        post("/transactions/" + id + "/prepare").then().body("state", equalTo("COMMITTED"));
        get("/rm/orders/entries/enlisted").then().body("value", equalTo(1));
    }

    /** With one participant the commit in one phase is refused, with two the vote is ABORT. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_vote_that_overtakes_the_work_is_abort(boolean onePhase) {
        String id = begin();
        write(id, "{\"resourceManager\":\"orders\",\"key\":\"overtaken\",\"value\":1}")
                .then()
                .statusCode(204);
        enlist(id, "orders", Map.of()).then().body("sequence", equalTo(2));
        if (!onePhase) {
            write(id, "{\"resourceManager\":\"payments\",\"key\":\"overtaken\",\"value\":1}");
        }
        post("/transactions/" + id + "/prepare")
                .then()
                .body("state", equalTo("ROLLED_BACK"))
                .body("reason", containsString("orders"));
        enlist(id, "orders", Map.of()).then().statusCode(409);
    }

    @Test
    void the_number_of_enlistments_is_sent_with_the_prepare() {
        Queue<String> counts = new ConcurrentLinkedQueue<>();
        try (ForeignResourceManager foreign = new ForeignResourceManager()) {
            foreign.on("prepare", (exchange, call) -> {
                counts.add(exchange.getRequestHeaders().getFirst(Headers.WRITE_COUNT));
                ForeignResourceManager.json(200, "{\"vote\":\"COMMIT\"}").answer(exchange, call);
            });
            String id = begin();
            enlist(id, foreign.id(), Map.of()).then().statusCode(200);
            enlist(id, foreign.id(), Map.of()).then().statusCode(200);
            post("/transactions/" + id + "/commit").then().body("state", equalTo("COMMITTED"));
            assertEquals(1, foreign.calls("commit"));
        }
        assertEquals(java.util.List.of("2"), java.util.List.copyOf(counts));
    }

    @Test
    void another_instance_is_refused_and_marks_the_transaction() {
        String id = begin();
        enlist(id, "orders", Map.of("instance", UUID.randomUUID()))
                .then()
                .statusCode(409)
                .contentType("application/problem+json")
                .body("transaction", equalTo(id))
                .body("resourceManager", equalTo("orders"));
        get("/transactions/" + id).then().body("state", equalTo("MARKED_ROLLBACK"));
        String other = begin();
        String instance = get("/resource-managers/orders").path("instance");
        enlist(other, "orders", Map.of("instance", instance)).then().statusCode(200);
        get("/transactions/" + other).then().body("state", equalTo("ACTIVE"));
    }

    @Test
    void a_refused_enlistment_leaves_the_transaction_active() {
        String id = begin();
        enlist(UUID.randomUUID().toString(), "orders", Map.of()).then().statusCode(404);
        enlist(id, "unknown", Map.of()).then().statusCode(404).body("resourceManager", equalTo("unknown"));
        enlist(id, "orders", Map.of("request", "x", "instance", "y"))
                .then()
                .statusCode(400)
                .body("violations.field", equalTo(java.util.List.of("instance", "request")));
        enlist(id, "orders", Map.of("unknown", "x")).then().statusCode(400);
        given().contentType("text/plain")
                .body("x")
                .put(path(id, "orders"))
                .then()
                .statusCode(415);
        given().get(path(id, "orders")).then().statusCode(405).header("Allow", containsString("PUT"));
        get("/transactions/" + id).then().body("state", equalTo("ACTIVE"));
        post("/transactions/" + id + "/rollback").then().statusCode(200);
        enlist(id, "orders", Map.of()).then().statusCode(409);
    }

    // Rollback-only

    @Test
    void rollback_only_marks_an_active_transaction() {
        String id = begin();
        write(id, "{\"resourceManager\":\"orders\",\"key\":\"never\",\"value\":1}");
        rollbackOnly(id, "out of stock").then().statusCode(204);
        rollbackOnly(id, "again").then().statusCode(204);
        get("/transactions/" + id)
                .then()
                .body("state", equalTo("MARKED_ROLLBACK"))
                .body("reason", equalTo("out of stock"));
        get("/console/transactions/" + id).then().statusCode(200).body(containsString("out of stock"));
        write(id, "{\"resourceManager\":\"orders\",\"key\":\"never\",\"value\":2}")
                .then()
                .statusCode(409);
        post("/transactions/" + id + "/commit").then().statusCode(409);
        get("/transactions/" + id).then().body("state", equalTo("ROLLED_BACK")).body("reason", equalTo("out of stock"));
        rollbackOnly(id, "later").then().statusCode(204);
        get("/rm/orders/entries/never").then().statusCode(404);
    }

    @Test
    void rollback_only_rolls_back_while_votes_are_awaited() {
        try (ForeignResourceManager silent = new ForeignResourceManager()) {
            CompletableFuture<Response> outcome = new CompletableFuture<>();
            silent.on("prepare", (exchange, call) -> {
                outcome.join(); // the vote comes after the outcome
                ForeignResourceManager.json(200, "{\"vote\":\"COMMIT\"}").answer(exchange, call);
            });
            String id = begin();
            enlist(id, silent.id(), Map.of());
            CompletableFuture<Response> prepared =
                    CompletableFuture.supplyAsync(() -> post("/transactions/" + id + "/prepare"));
            Waiting.await().until(() -> silent.calls("prepare") == 1);
            outcome.complete(rollbackOnly(id, "changed my mind"));
            outcome.join().then().statusCode(204);
            prepared.join().then().body("state", equalTo("ROLLED_BACK")).body("reason", equalTo("changed my mind"));
        }
    }

    @Test
    void rollback_only_is_refused_after_the_commit_and_while_only_the_participant_knows() {
        String id = begin();
        post("/transactions/" + id + "/commit").then().statusCode(200);
        rollbackOnly(id, "late").then().statusCode(409).contentType("application/problem+json");
        try (ForeignResourceManager silent = new ForeignResourceManager(Set.of("one-phase"))) {
            silent.on("commit", silent.hang()).on("rollback", silent.hang());
            String open = begin();
            enlist(open, silent.id(), Map.of());
            CompletableFuture<Response> prepared =
                    CompletableFuture.supplyAsync(() -> post("/transactions/" + open + "/prepare"));
            Waiting.await().until(() -> silent.calls("commit") == 1);
            rollbackOnly(open, "too late")
                    .then()
                    .statusCode(503)
                    .contentType("application/problem+json")
                    .header("Retry-After", notNullValue());
            prepared.join().then().statusCode(503);
            silent.on("rollback", ForeignResourceManager.status(204));
            Waiting.await()
                    .untilAsserted(() -> rollbackOnly(open, "again").then().statusCode(204));
        }
    }

    @Test
    void a_call_of_rollback_only_is_checked() {
        rollbackOnly(UUID.randomUUID().toString(), "why").then().statusCode(404);
        String id = begin();
        rollbackOnly(id, " ").then().statusCode(400).body("violations[0].field", equalTo("reason"));
        rollbackOnly(id, "x".repeat(501)).then().statusCode(400);
        post("/transactions/" + id + "/rollback-only").then().statusCode(415);
        get("/transactions/" + id).then().body("state", equalTo("ACTIVE"));
    }

    private static String begin() {
        return given().contentType(ContentType.JSON)
                .body("{}")
                .post("/transactions")
                .path("id");
    }

    private static Response post(String path) {
        return given().post(path);
    }

    private static String path(String transaction, String resourceManager) {
        return "/transactions/" + transaction + "/participants/" + resourceManager;
    }

    private static Response enlist(String transaction, String resourceManager, Map<String, ?> body) {
        return given().contentType(ContentType.JSON).body(body).put(path(transaction, resourceManager));
    }

    private static Response rollbackOnly(String transaction, String reason) {
        return given().contentType(ContentType.JSON)
                .body(Map.of("reason", reason))
                .post("/transactions/" + transaction + "/rollback-only");
    }

    private static Response write(String transaction, String body) {
        return given().contentType(ContentType.JSON).body(body).post("/transactions/" + transaction + "/writes");
    }
}
