package dtc.quarkus;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.client.TransactionException;
import dtc.participant.DtcParticipant;
import dtc.participant.testing.FakeCoordinator;
import dtc.participant.testing.FakeCoordinator.Answer;
import dtc.participant.testing.Waiting;
import dtc.quarkus.TestEnvironment.Environment;
import dtc.quarkus.TestEnvironment.Injected;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.net.URI;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An application of Quarkus that is a client and a service. */
@QuarkusTest
@QuarkusTestResource(TestEnvironment.class)
class QuarkusServiceTest {

    @Injected
    @SuppressWarnings("NullAway.Init") // set by TestEnvironment
    Environment environment;

    @Inject
    DtcParticipant participant;

    @Inject
    Orders.Shop shop;

    @TestHTTPResource("/")
    @SuppressWarnings("NullAway.Init") // set by Quarkus
    URI url;

    private final String id = UUID.randomUUID().toString();

    @BeforeEach
    void registered() {
        Waiting.until("the registration", () -> participant.status().registered());
    }

    private FakeCoordinator coordinator() {
        return environment.coordinator();
    }

    private String orders(String order) {
        return String.valueOf(environment
                .server()
                .value(environment.database(), "SELECT count(*) FROM orders WHERE id = '" + order + "'"));
    }

    private static io.restassured.specification.RequestSpecification in(String transaction) {
        return given().header("DTC-Transaction", transaction);
    }

    private void expectNoTransactionOnOtherRequests() {
        for (int i = 0; i < 20; i++) {
            given().get("/orders").then().body(equalTo("null"));
        }
    }

    @Test
    void a_request_with_a_transaction_is_work_until_its_commit() {
        in(id).body("o-1").post("/orders").then().statusCode(200).body(equalTo("placed"));
        assertEquals("0", orders("o-1"));
        given().header("DTC-Resource-Manager", "orders")
                .post("/dtc/transactions/" + id + "/prepare")
                .then()
                .statusCode(200)
                .contentType(startsWith("application/json"))
                .body(equalTo("{\"vote\":\"COMMIT\"}"));
        given().post("/dtc/transactions/" + id + "/commit").then().statusCode(204);
        assertEquals("1", orders("o-1"));
        given().post("/dtc/transactions/" + id + "/rollback")
                .then()
                .statusCode(409)
                .contentType(startsWith("application/problem+json"))
                .body(containsString(id));
        given().get("/dtc/transactions").then().statusCode(200).body(startsWith("{\"items\":["));
    }

    @Test
    void a_request_without_a_transaction_takes_effect_at_once() {
        given().body("o-2").post("/orders").then().statusCode(200);
        assertEquals("1", orders("o-2"));
    }

    @Test
    void a_failed_request_marks_its_transaction_and_leaves_its_thread() {
        for (String order : List.of("bad", "refused")) {
            String failed = UUID.randomUUID().toString();
            int status = order.equals("bad") ? 500 : 409;
            in(failed).body(order).post("/orders").then().statusCode(status);
            Waiting.until(
                    "the mark",
                    () -> coordinator()
                                    .calls("POST /transactions/" + failed + "/rollback-only")
                                    .size()
                            == 1);
            given().post("/dtc/transactions/" + failed + "/prepare").then().body(containsString("ABORT"));
        }
        expectNoTransactionOnOtherRequests();
    }

    @Test
    void a_refused_enlistment_is_a_problem() {
        coordinator().answer("PUT /transactions/" + id + "/participants/orders", Answer.problem(409, "too late"));
        in(id).body("o-3").post("/orders").then().statusCode(409).body(containsString("too late"));
        in("1").body("o-3").post("/orders").then().statusCode(400);
        expectNoTransactionOnOtherRequests();
    }

    @Test
    void work_that_cannot_be_stored_is_a_problem() {
        given().post("/dtc/transactions/" + id + "/rollback").then().statusCode(204);
        in(id).body("o-4").post("/orders").then().statusCode(409).contentType(startsWith("application/problem+json"));
    }

    @Test
    void a_request_can_read_its_transaction() {
        in(id).get("/orders").then().body(equalTo(id));
        expectNoTransactionOnOtherRequests();
        assertEquals(List.of(), coordinator().calls("PUT /transactions/" + id));
    }

    @Test
    void an_annotated_method_runs_in_a_transaction_that_its_calls_carry() {
        coordinator().answer("POST /transactions", document(201, id, "ACTIVE"));
        coordinator().answer("POST /transactions/" + id + "/commit", document(200, id, "COMMITTED"));
        assertEquals("placed", shop.buy(url, "o-5"));
        assertEquals(
                1,
                coordinator()
                        .calls("PUT /transactions/" + id + "/participants/orders")
                        .size());
        assertEquals(
                1, coordinator().calls("POST /transactions/" + id + "/commit").size());
        assertTrue(coordinator().calls("POST /transactions").stream()
                .anyMatch(call -> call.body().equals("{\"timeoutMillis\":7000}")));
    }

    @Test
    void an_exception_of_an_annotated_method_rolls_back() {
        coordinator().answer("POST /transactions", document(201, id, "ACTIVE"));
        coordinator().answer("POST /transactions/" + id + "/commit", document(200, id, "ROLLED_BACK"));
        assertThrows(RuntimeException.class, () -> shop.buy(url, "bad"));
        assertEquals(
                1,
                coordinator().calls("POST /transactions/" + id + "/rollback").stream()
                        .filter(call -> call.path().endsWith("/rollback"))
                        .count());
        assertEquals(List.of(), coordinator().calls("POST /transactions/" + id + "/commit"));
        assertThrows(TransactionException.class, () -> shop.buy(url, "o-6"));
    }

    private static Answer document(int status, String transaction, String state) {
        return Answer.json(
                status,
                "{\"id\":\"" + transaction + "\",\"state\":\"" + state
                        + "\",\"startedAt\":\"2026-11-23T10:00:00Z\",\"expiresAt\":\"2026-11-23T10:00:20Z\"}");
    }

    @Test
    void health_and_metrics_are_served() {
        given().get("/q/health/ready").then().statusCode(200).body(containsString("dtc-participant"));
        given().get("/q/metrics")
                .then()
                .body(containsString("dtc_participant_votes_total{result=\"COMMIT\"}"))
                .body(containsString("dtc_participant_oldest_in_doubt_seconds"));
    }
}
