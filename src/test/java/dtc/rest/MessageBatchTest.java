package dtc.rest;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import dtc.protocol.Messages.MessageType;
import dtc.runtime.Registration;
import dtc.testing.Waiting;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Batches of messages to one resource manager over HTTP, hosted and in a separate process. */
@QuarkusTest
@TestProfile(MessageBatchTest.OneSlot.class)
class MessageBatchTest {

    /** Allows one request at a time without a limit, so that the tests control which messages are queued. */
    public static final class OneSlot implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("dtc.messages.lanes", "1", "dtc.messages.patience", "10s", "dtc.prepare-timeout", "3s");
        }
    }

    private static final Set<String> ALL = Set.of("batch", "prepare-with-writes", "keep-alive");
    private static final int CLIENTS = 5;

    @BeforeEach
    void resourceManagersAreRegistered() {
        Waiting.await().untilAsserted(() -> get("/q/health/ready").then().statusCode(200));
    }

    @Test
    void messages_queued_during_a_request_are_sent_as_one_batch() throws Exception {
        try (ForeignResourceManager foreign = new ForeignResourceManager(ALL)) {
            foreign.on("batch", (exchange, _) -> answerEach(exchange));
            assertEquals(CLIENTS, writeWhileOneIsHeld(foreign, 204));
            assertEquals(1, foreign.calls("batch"));
            assertEquals(1, foreign.calls("writes"));
        }
    }

    @Test
    void a_batch_that_is_not_understood_is_retried_message_by_message() throws Exception {
        try (ForeignResourceManager foreign = new ForeignResourceManager(ALL)) {
            foreign.on("batch", ForeignResourceManager.json(500, "{}"));
            assertEquals(CLIENTS, writeWhileOneIsHeld(foreign, 204));
            assertEquals(1, foreign.calls("batch"));
            assertEquals(1 + CLIENTS, foreign.calls("writes"));
        }
    }

    @Test
    void a_batch_answered_503_is_not_retried() throws Exception {
        try (ForeignResourceManager foreign = new ForeignResourceManager(ALL)) {
            foreign.on("batch", ForeignResourceManager.json(503, "{}"));
            assertEquals(CLIENTS, writeWhileOneIsHeld(foreign, 503));
            assertEquals(1, foreign.calls("batch"));
            assertEquals(1, foreign.calls("writes"));
        }
    }

    @Test
    void a_batch_that_breaks_the_connection_is_retried_message_by_message() throws Exception {
        try (ForeignResourceManager foreign =
                new ForeignResourceManager(Set.of("batch", "keep-alive", Registration.ONE_PHASE))) {
            foreign.on("batch", (exchange, _) -> exchange.close());
            assertEquals(CLIENTS, writeWhileOneIsHeld(foreign, 204));
            assertEquals(1, foreign.calls("batch"));
            assertEquals(1 + CLIENTS, foreign.calls("writes"));
        }
    }

    @Test
    void a_write_is_not_retried_if_a_restart_could_go_unnoticed() throws Exception {
        try (ForeignResourceManager foreign = new ForeignResourceManager(ALL)) {
            foreign.on("batch", (exchange, _) -> exchange.close());
            assertEquals(CLIENTS, writeWhileOneIsHeld(foreign, 504));
            assertEquals(1, foreign.calls("writes"));
        }
    }

    @Test
    void a_batch_that_hangs_has_no_replies_and_does_not_block_later_ones() throws Exception {
        try (ForeignResourceManager foreign = new ForeignResourceManager(ALL)) {
            foreign.on("batch", foreign.hang());
            assertEquals(CLIENTS, writeWhileOneIsHeld(foreign, 504));
            assertEquals(1, foreign.calls("batch"));
            assertEquals(1, foreign.calls("writes"));
            assertEquals(204, write(foreign.id(), "after").statusCode());
        }
    }

    @Test
    void a_batch_with_an_unexpected_response_is_retried_message_by_message() throws Exception {
        for (String odd : List.of(
                "",
                "nonsense",
                "{}",
                "{\"answers\":[]}",
                "{\"answers\":{\"status\":204}}",
                "{\"answers\":[\"%s\"]}".formatted("a".repeat(300_000)))) {
            try (ForeignResourceManager foreign = new ForeignResourceManager(ALL)) {
                foreign.on("batch", ForeignResourceManager.json(200, odd));
                assertEquals(CLIENTS, writeWhileOneIsHeld(foreign, 204));
                assertEquals(1 + CLIENTS, foreign.calls("writes"), odd.substring(0, Math.min(40, odd.length())));
            }
        }
    }

    @Test
    void a_vote_is_one_of_three_words() {
        try (ForeignResourceManager foreign = new ForeignResourceManager(ALL)) {
            for (String vote : List.of("0", "\"0\"", "true", "\"commit\"", "null", "[\"COMMIT\"]")) {
                foreign.on("prepare", ForeignResourceManager.json(200, "{\"vote\":" + vote + "}"));
                given().contentType(ContentType.JSON)
                        .body("""
                                {"autoCommit":true,"writes":[
                                  {"resourceManager":"%s","key":"a","value":1},
                                  {"resourceManager":"orders","key":"word","value":1}]}""".formatted(foreign.id()))
                        .post("/transactions")
                        .then()
                        .body("state", equalTo("ROLLED_BACK"));
            }
            given().contentType(ContentType.JSON)
                    .body("{\"messages\":[{\"type\":2,\"transaction\":\"" + id() + "\"}]}")
                    .post("/rm/orders/batch")
                    .then()
                    .statusCode(400);
        }
    }

    @Test
    void the_maximum_number_of_writes_is_sent_with_the_prepare() {
        String all = IntStream.range(0, 999)
                .mapToObj("{\"resourceManager\":\"orders\",\"key\":\"many-%d\",\"value\":1}"::formatted)
                .collect(Collectors.joining(","));
        for (int i = 0; i < 20; i++) { // stacks are deeper before the code is compiled
            given().contentType(ContentType.JSON)
                    .body("{\"autoCommit\":true,\"writes\":[" + all
                            + ",{\"resourceManager\":\"payments\",\"key\":\"m\",\"value\":1}]}")
                    .post("/transactions")
                    .then()
                    .statusCode(201)
                    .body("state", equalTo("COMMITTED"));
        }
    }

    @Test
    void a_refused_message_does_not_affect_the_others() throws Exception {
        try (ForeignResourceManager foreign = new ForeignResourceManager(ALL)) {
            foreign.on("batch", (exchange, _) -> {
                List<String> answers = new ArrayList<>(answersTo(exchange));
                answers.set(0, "{\"status\":507,\"reason\":\"full\"}");
                send(exchange, answers);
            });
            assertEquals(CLIENTS - 1, writeWhileOneIsHeld(foreign, 204));
        }
    }

    @Test
    void a_resource_manager_without_batching_gets_single_messages() throws Exception {
        try (ForeignResourceManager foreign = new ForeignResourceManager(Set.of("keep-alive"))) {
            foreign.on("batch", (exchange, _) -> answerEach(exchange));
            assertEquals(CLIENTS, writeWhileOneIsHeld(foreign, 204));
            assertEquals(0, foreign.calls("batch"));
        }
    }

    /** Returns how many of the writes that were sent during the first one got the status. */
    private static int writeWhileOneIsHeld(ForeignResourceManager foreign, int status) throws Exception {
        CountDownLatch held = new CountDownLatch(1);
        foreign.on("writes", (exchange, call) -> {
            try {
                if (call == 1) {
                    held.await();
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
            ForeignResourceManager.status(204).answer(exchange, call);
        });
        int before = waiting();
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Response> first = clients.submit(() -> write(foreign.id(), "first"));
            Waiting.await().until(() -> foreign.calls("writes") == 1);
            List<Future<Response>> others = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                String key = "k-" + i;
                others.add(clients.submit(() -> write(foreign.id(), key)));
            }
            // They are sent immediately without batching, and queued with it. On a busy machine the first one may time
            // out before they are sent; then they are not queued.
            Waiting.await()
                    .until(() -> foreign.calls("writes") == 1 + CLIENTS
                            || waiting() == before + CLIENTS
                            || others.stream().allMatch(Future::isDone));
            held.countDown();
            first.get(); // may be 504 on a busy machine
            int good = 0;
            for (Future<Response> other : others) {
                good += other.get().statusCode() == status ? 1 : 0;
            }
            return good;
        }
    }

    private static int waiting() {
        String gauge = "dtc_messages_waiting ";
        return get("/q/metrics")
                .asString()
                .lines()
                .filter(line -> line.startsWith(gauge))
                .mapToInt(line -> (int) Double.parseDouble(line.substring(gauge.length())))
                .sum();
    }

    private static Response write(String resourceManager, String key) {
        String id = RestAssured.post("/transactions")
                .then()
                .statusCode(201)
                .extract()
                .path("id");
        return given().contentType(ContentType.JSON)
                .body(Map.of("resourceManager", resourceManager, "key", key, "value", 1))
                .post("/transactions/" + id + "/writes");
    }

    private static void answerEach(HttpExchange exchange) throws IOException {
        send(exchange, answersTo(exchange));
    }

    private static List<String> answersTo(HttpExchange exchange) {
        List<String> types =
                JsonPath.from(ForeignResourceManager.body(exchange)).getList("messages.type");
        return types.stream()
                .map(type -> switch (MessageType.valueOf(type)) {
                    case PREPARE -> "{\"status\":200,\"vote\":\"COMMIT\"}";
                    case WRITE, COMMIT, ROLLBACK -> "{\"status\":204}";
                })
                .toList();
    }

    private static void send(HttpExchange exchange, List<String> answers) throws IOException {
        ForeignResourceManager.json(200, "{\"answers\":[%s]}".formatted(String.join(",", answers)))
                .answer(exchange, 1);
    }

    @Test
    void a_single_call_sends_the_writes_with_the_prepare() {
        try (ForeignResourceManager foreign = new ForeignResourceManager(ALL)) {
            List<String> bodies = new ArrayList<>();
            foreign.on("prepare", (exchange, call) -> {
                bodies.add(ForeignResourceManager.body(exchange));
                ForeignResourceManager.json(200, "{\"vote\":\"COMMIT\"}").answer(exchange, call);
            });
            given().contentType(ContentType.JSON)
                    .body("""
                            {"autoCommit":true,"writes":[
                              {"resourceManager":"%1$s","key":"a","value":{"n":1.50}},
                              {"resourceManager":"%1$s","key":"b","value":null},
                              {"resourceManager":"orders","key":"along","value":1}]}""".formatted(foreign.id()))
                    .post("/transactions")
                    .then()
                    .statusCode(201)
                    .body("state", equalTo("COMMITTED"));
            assertEquals(
                    List.of(
                            "{\"writes\":[{\"sequence\":1,\"key\":\"a\",\"value\":{\"n\":1.50}},{\"sequence\":2,\"key\":\"b\",\"value\":null}]}"),
                    bodies);
            assertEquals(0, foreign.calls("writes"));
            get("/rm/orders/entries/along").then().statusCode(200);
        }
    }

    // Hosted resource managers

    @Test
    void each_message_of_a_batch_gets_the_reply_it_would_get_alone() {
        String good = id();
        String held = id();
        batch("""
                {"type":"PREPARE","transaction":"%1$s","writes":[{"sequence":1,"key":"held","value":1}]},
                {"type":"WRITE","transaction":"%2$s","sequence":1,"key":"good","value":[1]},
                {"type":"PREPARE","transaction":"%2$s"},
                {"type":"WRITE","transaction":"%2$s","sequence":2,"key":"late","value":1},
                {"type":"COMMIT","transaction":"%2$s"},
                {"type":"COMMIT","transaction":"%2$s"},
                {"type":"ROLLBACK","transaction":"%2$s"},
                {"type":"COMMIT","transaction":"%3$s"},
                {"type":"ROLLBACK","transaction":"%3$s"},
                {"type":"WRITE","transaction":"%3$s","key":"","value":1},
                {"type":"WRITE","transaction":"no id","key":"k","value":1},
                {"transaction":"%3$s"}""".formatted(held, good, id()))
                .body("answers.status", equalTo(List.of(200, 204, 200, 409, 204, 204, 409, 404, 204, 400, 400, 400)))
                .body("answers.vote.findAll { it != null }", equalTo(List.of("COMMIT", "COMMIT")))
                .body("answers[9].reason", containsString("key"));
        get("/rm/orders/entries/good").then().body("value", equalTo(List.of(1)));
        batch("{\"type\":\"ROLLBACK\",\"transaction\":\"" + held + "\"}").body("answers.status", equalTo(List.of(204)));
        get("/rm/orders/entries/held").then().statusCode(404);
    }

    @Test
    void a_vote_that_has_to_wait_for_a_key_is_answered_202_and_requested_again_alone() {
        String older = id();
        String younger = id();
        batch("{\"type\":\"PREPARE\",\"transaction\":\"%s\",\"writes\":[{\"sequence\":1,\"key\":\"w\",\"value\":1}]}"
                        .formatted(younger))
                .body("answers.vote", equalTo(List.of("COMMIT")));
        batch("""
                {"type":"PREPARE","transaction":"%s","writes":[{"sequence":1,"key":"w","value":2}]},
                {"type":"COMMIT","transaction":"%s"}""".formatted(older, younger)).body("answers.status", equalTo(List.of(202, 204)));
        given().post("/rm/orders/transactions/%s/prepare".formatted(older))
                .then()
                .body("vote", equalTo("COMMIT"));
        given().post("/rm/orders/transactions/%s/rollback".formatted(older))
                .then()
                .statusCode(204);
    }

    @Test
    void an_invalid_batch_is_refused_with_the_reason() {
        for (String body :
                List.of("", "{}", "{\"messages\":null}", "{\"messages\":[null]}", "[]", "{\"messages\":[1]}")) {
            given().contentType(ContentType.JSON)
                    .body(body)
                    .post("/rm/orders/batch")
                    .then()
                    .statusCode(400)
                    .contentType("application/problem+json");
        }
        given().contentType(ContentType.JSON)
                .body("{\"messages\":[]}")
                .post("/rm/nobody/batch")
                .then()
                .statusCode(404);
    }

    @Test
    void writes_in_a_prepare_are_validated() {
        String path = "/rm/orders/transactions/%s/prepare".formatted(id());
        for (String body : List.of(
                "{\"writes\":[{\"key\":\"\",\"value\":1}]}",
                "{\"writes\":[{\"key\":\"k\"}]}",
                "{\"writes\":[null]}",
                "{\"writes\":[{\"sequence\":-1,\"key\":\"k\",\"value\":1}]}",
                "{\"wrong\":1}",
                "nonsense")) {
            given().contentType(ContentType.JSON)
                    .body(body)
                    .post(path)
                    .then()
                    .statusCode(400)
                    .contentType("application/problem+json");
        }
        // The refused requests had no effect.
        given().contentType(ContentType.JSON)
                .body("{\"writes\":[{\"sequence\":1,\"key\":\"checked\",\"value\":1}]}")
                .post(path)
                .then()
                .statusCode(200)
                .body("vote", equalTo("COMMIT"));
        given().post(path.replace("prepare", "commit")).then().statusCode(204);
        get("/rm/orders/entries/checked").then().body("value", equalTo(1));
    }

    private static ValidatableResponse batch(String messages) {
        return given().contentType(ContentType.JSON)
                .body("{\"messages\":[" + messages + "]}")
                .post("/rm/orders/batch")
                .then()
                .statusCode(200);
    }

    private static String id() {
        return RestAssured.post("/transactions").then().extract().path("id");
    }

    // respond-async

    @Test
    void with_respond_async_the_response_follows_the_decision() throws Exception {
        CountDownLatch held = new CountDownLatch(1);
        try (ForeignResourceManager foreign = new ForeignResourceManager(ALL)) {
            foreign.on("commit", (exchange, call) -> {
                try {
                    held.await();
                } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                }
                ForeignResourceManager.status(204).answer(exchange, call);
            });
            Response answer = given().contentType(ContentType.JSON)
                    .header("Prefer", "wait=10, respond-async")
                    .body("""
                            {"autoCommit":true,"writes":[
                              {"resourceManager":"%s","key":"a","value":1},
                              {"resourceManager":"orders","key":"async","value":1}]}""".formatted(foreign.id()))
                    .post("/transactions");
            answer.then()
                    .statusCode(202)
                    .header("Preference-Applied", "respond-async, wait=10")
                    .body("state", equalTo("COMMITTING"));
            String location = answer.header("Location");
            assertTrue(location.endsWith("/transactions/" + answer.path("id")), location);
            held.countDown();
            Waiting.await().untilAsserted(() -> get(location).then().body("state", equalTo("COMMITTED")));
            given().header("Prefer", "respond-async")
                    .post(location + "/commit")
                    .then()
                    .statusCode(200)
                    .header("Preference-Applied", "respond-async");
        }
    }
}
