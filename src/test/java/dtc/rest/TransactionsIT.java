package dtc.rest;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static io.restassured.RestAssured.post;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.oneOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.testing.Json;
import dtc.testing.Waiting;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Transactions over HTTP, with hosted resource managers and with stubs. */
@QuarkusIntegrationTest
class TransactionsIT {

    /**
     * The maximum duration of a prepare with hanging participants: one second, and what a loaded machine adds. Five
     * participants one after the other would take five seconds.
     */
    private static final long PREPARE_MILLIS_MAX = 4000;

    private static final Set<String> FINAL = Set.of("COMMITTED", "ROLLED_BACK", "HEURISTIC");

    @BeforeEach
    void resourceManagersAreRegistered() {
        Waiting.await().untilAsserted(() -> get("/q/health/ready").then().statusCode(200));
    }

    @Test
    void an_order_is_committed_on_both() {
        String id = begin();
        write(id, "orders", "both-o", Map.of("total", 42)).then().statusCode(204);
        write(id, "payments", "both-p", 42).then().statusCode(204);

        get("/rm/orders/entries/both-o").then().statusCode(404);
        post("/transactions/" + id + "/prepare")
                .then()
                .statusCode(200)
                .body("state", equalTo("COMMITTED"))
                .body("participants.vote", equalTo(List.of("COMMIT", "COMMIT")));

        get("/rm/orders/entries/both-o").then().statusCode(200).body("value.total", equalTo(42));
        get("/rm/payments/entries/both-p").then().statusCode(200).body("value", equalTo(42));
        get("/transactions/" + id + "/outcome").then().body("outcome", equalTo("COMMIT"));
        post("/transactions/" + id + "/commit").then().statusCode(200);
        post("/transactions/" + id + "/rollback").then().statusCode(409).contentType("application/problem+json");
    }

    @Test
    void one_call_runs_a_transaction_and_keeps_values_exactly() {
        given().contentType(ContentType.JSON)
                .body("""
                        {"writes":[{"resourceManager":"orders","key":"exact/1","value":12345678901234567890.12345678901234567890},
                                   {"resourceManager":"payments","key":"exact 2","value":null}],"autoCommit":true}""")
                .post("/transactions")
                .then()
                .statusCode(201)
                .body("state", equalTo("COMMITTED"));
        assertTrue(get("/rm/orders/entries/exact/1").asString().contains("12345678901234567890.12345678901234567890"));
        assertTrue(get("/rm/payments/entries/exact 2").asString().contains("\"value\":null"));
    }

    @Test
    void rollback_discards_and_commit_is_refused_afterwards() {
        String id = begin();
        write(id, "orders", "discarded", 1);
        post("/transactions/" + id + "/rollback").then().statusCode(200).body("state", equalTo("ROLLED_BACK"));
        post("/transactions/" + id + "/commit").then().statusCode(409);
        write(id, "orders", "discarded", 2).then().statusCode(409);
        get("/rm/orders/entries/discarded").then().statusCode(404);
    }

    @Test
    void an_empty_transaction_commits_immediately() {
        post("/transactions/" + begin() + "/prepare").then().body("state", equalTo("COMMITTED"));
    }

    @Test
    void an_abandoned_transaction_expires() {
        String id = given().contentType(ContentType.JSON)
                .body(Map.of("timeoutMillis", 200))
                .post("/transactions")
                .jsonPath()
                .getString("id");
        write(id, "orders", "abandoned", 1);
        awaitState(id, "ROLLED_BACK");
    }

    @Test
    void a_time_below_a_second_is_kept() {
        String id = given().contentType(ContentType.JSON)
                .body(Map.of("timeoutMillis", 900))
                .post("/transactions")
                .jsonPath()
                .getString("id");
        write(id, "orders", "soon", 1).then().statusCode(204);
        post("/transactions/" + id + "/prepare").then().body("state", equalTo("COMMITTED"));
    }

    @Test
    void many_hanging_resource_managers_do_not_delay_the_rollback() {
        List<ForeignResourceManager> hanging = new ArrayList<>();
        try {
            String id = begin();
            write(id, "orders", "hung", 1).then().statusCode(204);
            for (int i = 0; i < 5; i++) {
                ForeignResourceManager foreign = new ForeignResourceManager();
                hanging.add(foreign.on("prepare", foreign.hang()).on("rollback", foreign.hang()));
                write(id, foreign.id(), "k", i).then().statusCode(204);
            }
            post("/transactions/" + id + "/prepare")
                    .then()
                    .statusCode(200)
                    .time(lessThan(PREPARE_MILLIS_MAX))
                    .body("state", equalTo("ROLLED_BACK"))
                    // Either the timeout of all votes or that of one message.
                    .body("reason", matchesPattern(".*did not (vote|answer) in time.*"));
            get("/rm/orders/entries/hung").then().statusCode(404);
            get("/rm/orders/transactions").then().body("items.id", org.hamcrest.Matchers.not(hasItem(id)));
        } finally {
            hanging.forEach(ForeignResourceManager::close);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"500", "302", "404", "garbage", "empty", "unknown", "huge", "endless", "broken", "array"})
    void an_invalid_answer_to_prepare_is_a_vote_to_abort(String kind) {
        try (ForeignResourceManager foreign = new ForeignResourceManager()) {
            foreign.on(
                    "prepare",
                    switch (kind) {
                        case "500", "302", "404" -> ForeignResourceManager.status(Integer.parseInt(kind));
                        case "garbage" -> ForeignResourceManager.json(200, "<html>");
                        case "empty" -> ForeignResourceManager.json(200, "");
                        case "unknown" -> ForeignResourceManager.json(200, "{\"vote\":\"MAYBE\"}");
                        case "array" -> ForeignResourceManager.json(200, "[\"COMMIT\"]");
                        case "huge" ->
                            ForeignResourceManager.json(
                                    200, "{\"vote\":\"COMMIT\",\"x\":\"" + "a".repeat(30_000_000) + "\"}");
                        case "endless" ->
                            (exchange, _) -> {
                                exchange.sendResponseHeaders(200, 0);
                                while (true) {
                                    exchange.getResponseBody().write(new byte[8192]);
                                }
                            };
                        default -> (exchange, _) -> exchange.close();
                    });
            String id = begin();
            write(id, "orders", "wrong-" + kind, 1).then().statusCode(204);
            write(id, foreign.id(), "k", 1).then().statusCode(204);
            post("/transactions/" + id + "/prepare")
                    .then()
                    .statusCode(200)
                    .body("state", oneOf("ROLLED_BACK", "ROLLING_BACK"))
                    .time(lessThan(PREPARE_MILLIS_MAX))
                    .body("participants[1].vote", equalTo("ABORT"));
            get("/rm/orders/entries/wrong-" + kind).then().statusCode(404);
            assertEquals(0, foreign.calls("commit"));
        }
    }

    @Test
    void a_read_only_vote_has_no_second_phase() {
        try (ForeignResourceManager foreign = new ForeignResourceManager()) {
            foreign.on("prepare", ForeignResourceManager.json(200, "{\"vote\":\"READ_ONLY\"}"));
            String id = begin();
            write(id, "orders", "with-read-only", 1);
            write(id, foreign.id(), "k", 1);
            post("/transactions/" + id + "/prepare").then().body("state", equalTo("COMMITTED"));
            assertEquals(0, foreign.calls("commit"));
        }
    }

    @Test
    void read_only_votes_alone_need_no_second_phase() {
        try (ForeignResourceManager one = new ForeignResourceManager();
                ForeignResourceManager other = new ForeignResourceManager()) {
            String id = begin();
            for (ForeignResourceManager each : List.of(one, other)) {
                each.on("prepare", ForeignResourceManager.json(200, "{\"vote\":\"READ_ONLY\"}"));
                write(id, each.id(), "k", 1).then().statusCode(204);
            }
            post("/transactions/" + id + "/prepare").then().body("state", equalTo("COMMITTED"));
            for (ForeignResourceManager each : List.of(one, other)) {
                assertEquals(0, each.calls("commit") + each.calls("rollback"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 302, 202, 100_000})
    void a_commit_is_sent_until_it_is_acknowledged(int odd) {
        try (ForeignResourceManager foreign = new ForeignResourceManager()) {
            foreign.on("commit", (exchange, call) -> {
                if (call >= 4) {
                    exchange.sendResponseHeaders(204, -1);
                } else if (odd == 100_000) {
                    ForeignResourceManager.json(500, "x".repeat(10 * odd)).answer(exchange, call);
                } else {
                    exchange.getResponseHeaders().add("Location", "http://127.0.0.1:1/elsewhere");
                    exchange.sendResponseHeaders(odd, -1);
                }
            });
            String id = begin();
            write(id, "orders", "fourth", 1);
            write(id, foreign.id(), "k", 1);
            post("/transactions/" + id + "/prepare").then().body("state", oneOf("COMMITTING", "COMMITTED"));
            awaitState(id, "COMMITTED");
            assertEquals(4, foreign.calls("commit"));
        }
    }

    @Test
    void a_resource_manager_that_lost_its_prepared_transaction_is_heuristic() {
        try (ForeignResourceManager foreign = new ForeignResourceManager()) {
            foreign.on("commit", ForeignResourceManager.problem(404));
            String id = begin();
            write(id, "orders", "heuristic", 1);
            write(id, foreign.id(), "k", 1);
            post("/transactions/" + id + "/prepare").then().body("state", equalTo("HEURISTIC"));
        }
    }

    @Test
    void a_new_instance_between_write_and_vote_aborts() {
        try (ForeignResourceManager foreign = new ForeignResourceManager()) {
            String id = begin();
            write(id, "orders", "instance-before", 1);
            write(id, foreign.id(), "k", 1);
            foreign.register(UUID.randomUUID());
            post("/transactions/" + id + "/prepare").then().body("state", equalTo("ROLLED_BACK"));
        }
    }

    @Test
    void a_new_instance_between_vote_and_commit_is_heuristic() {
        try (ForeignResourceManager foreign = new ForeignResourceManager()) {
            foreign.on("commit", ForeignResourceManager.status(500));
            String id = begin();
            write(id, "orders", "instance-after", 1);
            write(id, foreign.id(), "k", 1);
            post("/transactions/" + id + "/prepare").then().body("state", equalTo("COMMITTING"));
            foreign.register(UUID.randomUUID());
            awaitState(id, "HEURISTIC");
        }
    }

    @ParameterizedTest
    @CsvSource({"500,502", "507,507", "409,409"})
    void after_a_failed_write_the_transaction_can_only_roll_back(int answered, int expected) {
        try (ForeignResourceManager foreign = new ForeignResourceManager()) {
            foreign.on("writes", ForeignResourceManager.status(answered));
            String id = begin();
            write(id, foreign.id(), "k", 1).then().statusCode(expected).contentType("application/problem+json");
            get("/transactions/" + id).then().body("state", equalTo("MARKED_ROLLBACK"));
            post("/transactions/" + id + "/commit").then().statusCode(409);
            get("/transactions/" + id).then().body("state", equalTo("ROLLED_BACK"));
        }
    }

    @Test
    void a_write_that_gets_no_answer_is_504() {
        try (ForeignResourceManager foreign = new ForeignResourceManager()) {
            foreign.on("writes", foreign.hang());
            write(begin(), foreign.id(), "k", 1).then().statusCode(504);
        }
    }

    @Test
    void racing_calls_agree_on_one_outcome_and_reach_each_participant_once() throws Exception {
        try (ForeignResourceManager foreign = new ForeignResourceManager()) {
            for (int round = 0; round < 10; round++) {
                foreign.renew();
                String id = begin();
                write(id, "orders", "race-" + round, 1).then().statusCode(204);
                write(id, foreign.id(), "k", 1).then().statusCode(204);
                int commits = foreign.calls("commit");
                int rollbacks = foreign.calls("rollback");
                Set<Boolean> states = new HashSet<>();
                for (Response response : together(
                        24,
                        i -> () -> post("/transactions/" + id + "/"
                                + List.of("commit", "rollback", "prepare").get(i % 3)))) {
                    assertTrue(response.statusCode() == 200 || response.statusCode() == 409, response.asString());
                    if (response.statusCode() == 200) {
                        states.add(Json.text(response, "state").startsWith("COMMIT"));
                    }
                }
                assertEquals(1, states.size(), states.toString());
                boolean committed = states.contains(true);
                // A rollback does not wait for a participant that was slow to vote, so it may still be in flight.
                Waiting.await().untilAsserted(() -> {
                    assertEquals(committed ? 1 : 0, foreign.calls("commit") - commits);
                    assertEquals(committed ? 0 : 1, foreign.calls("rollback") - rollbacks);
                });
                get("/rm/orders/entries/race-" + round).then().statusCode(committed ? 200 : 404);
            }
        }
    }

    @Test
    void hot_keys_end_with_the_same_values_on_both() throws Exception {
        int transactions = 600;
        List<Response> answers = together(
                transactions,
                64,
                i -> () -> given().contentType(ContentType.JSON)
                        .body(String.format(Locale.ROOT, """
                                {"writes":[{"resourceManager":"orders","key":"hot-%d","value":%d},
                                           {"resourceManager":"payments","key":"hot-%d","value":%d}],"autoCommit":true}""", i % 5, i, i % 5, i))
                        .post("/transactions"));
        long committed = answers.stream()
                .filter(r -> Json.text(r, "state").equals("COMMITTED"))
                .count();
        assertTrue(committed > 0);
        for (int key = 0; key < 5; key++) {
            JsonPath orders = get("/rm/orders/entries/hot-" + key).jsonPath();
            JsonPath payments = get("/rm/payments/entries/hot-" + key).jsonPath();
            assertEquals(orders.getString("value"), payments.getString("value"));
        }
        get("/rm/orders/transactions").then().body("items.state", org.hamcrest.Matchers.not(hasItem("PREPARED")));
    }

    @Test
    void writes_that_race_the_prepare_are_in_or_refused() throws Exception {
        for (int round = 0; round < 10; round++) {
            String id = begin();
            String prefix = "racing-" + round + "-";
            write(id, "orders", prefix + "first", 1);
            write(id, "payments", prefix + "first", 1);
            List<Response> answers = together(
                    9,
                    i -> () -> i == 4
                            ? post("/transactions/" + id + "/prepare")
                            : write(id, i % 2 == 0 ? "orders" : "payments", prefix + i, i));
            boolean committed = state(id).equals("COMMITTED");
            for (int i = 0; i < 9; i++) {
                if (i != 4) {
                    boolean accepted = answers.get(i).statusCode() == 204;
                    get("/rm/" + (i % 2 == 0 ? "orders" : "payments") + "/entries/" + prefix + i)
                            .then()
                            .statusCode(committed && accepted ? 200 : 404);
                }
            }
        }
    }

    @Test
    void bad_input_is_a_problem_each_time_and_loses_nothing() {
        String id = begin();
        write(id, "orders", "kept", 1).then().statusCode(204);
        for (String body : List.of(
                "{",
                "[]",
                "{\"resourceManager\":1}",
                "\"x\"",
                "null",
                "{}",
                "{\"unknown\":1}",
                "{} {}",
                "{\"resourceManager\":\"orders\",\"key\":\"\",\"value\":1}",
                "{\"resourceManager\":\"orders\",\"key\":\"k\"}",
                "{\"resourceManager\":\"../x\",\"key\":\"k\",\"value\":1}",
                "{\"resourceManager\":\"orders\",\"key\":\"k\",\"value\":" + "[".repeat(5000) + "}",
                "{\"resourceManager\":\"orders\",\"key\":\"" + "k".repeat(600) + "\",\"value\":1}",
                "{\"resourceManager\":\"orders\",\"key\":\"k\",\"value\":\"" + "v".repeat(70_000) + "\"}")) {
            given().contentType(ContentType.JSON)
                    .body(body)
                    .post("/transactions/" + id + "/writes")
                    .then()
                    .statusCode(400)
                    .contentType("application/problem+json")
                    .body("type", org.hamcrest.Matchers.notNullValue())
                    .body("status", equalTo(400))
                    .body("violations", org.hamcrest.Matchers.hasSize(org.hamcrest.Matchers.greaterThan(0)))
                    .body(org.hamcrest.Matchers.not(containsString("java.")));
        }
        given().contentType(ContentType.JSON)
                .body("x".repeat(2_000_000))
                .post("/transactions")
                .then()
                .statusCode(413)
                .contentType("application/problem+json");
        get("/transactions/not-a-uuid").then().statusCode(400);
        get("/transactions/" + UUID.randomUUID())
                .then()
                .statusCode(404)
                .body("type", org.hamcrest.Matchers.notNullValue());
        get("/transactions/" + UUID.randomUUID() + "/outcome").then().body("outcome", equalTo("ROLLBACK"));
        get("/nowhere").then().statusCode(404).contentType("application/problem+json");
        post("/transactions/" + id + "/prepare").then().body("state", equalTo("COMMITTED"));
        get("/rm/orders/entries/kept").then().statusCode(200);
    }

    @Test
    void an_unknown_resource_manager_is_404() {
        write(begin(), "nobody", "k", 1).then().statusCode(404).body("resourceManager", equalTo("nobody"));
    }

    @Test
    void three_hundred_concurrent_transactions_are_atomic() throws Exception {
        List<Response> answers = together(
                300,
                i -> () -> given().contentType(ContentType.JSON)
                        .body(String.format(Locale.ROOT, """
                                {"writes":[{"resourceManager":"orders","key":"many-%d","value":%d},
                                           {"resourceManager":"payments","key":"many-%d","value":%d}],"autoCommit":true}""", i, i, i, i))
                        .post("/transactions"));
        int committed = 0;
        for (int i = 0; i < answers.size(); i++) {
            String id = Json.text(answers.get(i), "id");
            // On a busy machine a vote may be late. The transaction is then rolled back at both participants.
            boolean isCommitted = Waiting.await()
                    .pollDelay(Duration.ZERO)
                    .until(() -> state(id), FINAL::contains)
                    .equals("COMMITTED");
            committed += isCommitted ? 1 : 0;
            get("/rm/orders/entries/many-" + i).then().statusCode(isCommitted ? 200 : 404);
            get("/rm/payments/entries/many-" + i).then().statusCode(isCommitted ? 200 : 404);
        }
        assertTrue(committed > 0);
    }

    @Test
    void an_extra_response_is_not_taken_for_another_vote() throws Exception {
        // One votes COMMIT and sends each vote twice; the other always votes ABORT.
        try (RawResourceManager both = new RawResourceManager((request, connection) -> connection.write(
                !request.message().equals("prepare")
                        ? RawResourceManager.NO_CONTENT
                        : request.path().contains("/stutter") ? vote("COMMIT").repeat(2) : vote("ABORT")))) {
            for (String id : List.of("stutter", "honest")) {
                given().contentType(ContentType.JSON)
                        .body(Map.of(
                                "url",
                                both.url() + "/" + id,
                                "instance",
                                UUID.randomUUID().toString()))
                        .put("/resource-managers/" + id)
                        .then()
                        .statusCode(201);
            }
            for (int round = 0; round < 20; round++) {
                String prefix = "answers-" + round + "-";
                List<Response> answers = together(
                        16,
                        i -> () -> given().contentType(ContentType.JSON)
                                .body("""
                                        {"writes":[{"resourceManager":"%s","key":"k","value":1},
                                                   {"resourceManager":"orders","key":"%s","value":1}],"autoCommit":true}""".formatted(i % 2 == 0 ? "stutter" : "honest", prefix + i))
                                .post("/transactions"));
                for (int i = 1; i < answers.size(); i += 2) {
                    assertEquals("ROLLED_BACK", Json.text(answers.get(i), "state"), answers.get(i)::asString);
                }
            }
        } finally {
            RestAssured.delete("/resource-managers/stutter");
            RestAssured.delete("/resource-managers/honest");
        }
    }

    private static String vote(String vote) {
        return RawResourceManager.response(200, "application/json", "{\"vote\":\"" + vote + "\"}");
    }

    @Test
    void malformed_input_is_refused_and_not_repaired() {
        given().contentType(ContentType.JSON)
                .body(
                        "{\"autoCommit\":true,\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"u\",\"value\":\"a\u00ff\"}]}"
                                .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1))
                .post("/transactions")
                .then()
                .statusCode(400)
                .contentType("application/problem+json");
        for (String body : List.of(
                "{\"autoCommit\":\"true\"}",
                "{\"autoCommit\":1}",
                "{\"timeoutMillis\":\"30000\"}",
                "{\"timeoutMillis\":1.5}",
                "{\"writes\":[{\"resourceManager\":\"orders\",\"key\":5,\"value\":1}]}",
                "{\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"..\",\"value\":1}]}",
                "{\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"s\\ud800\",\"value\":1}]}",
                "{\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"s\",\"value\":\"x\\ud800y\"}]}")) {
            given().contentType(ContentType.JSON)
                    .body(body)
                    .post("/transactions")
                    .then()
                    .statusCode(400)
                    .contentType("application/problem+json");
        }
        given().post("/transactions/" + UUID.randomUUID() + "/outcome")
                .then()
                .statusCode(405)
                .contentType("application/problem+json");
        given().post("/rm/orders/transactions/8fffffff-ffff-7fff-bfff-ffffffffffff/rollback")
                .then()
                .statusCode(400);
        given().contentType(ContentType.JSON)
                .body(Map.of(
                        "url",
                        "http://[fe80::1%25lo]:9",
                        "instance",
                        UUID.randomUUID().toString()))
                .put("/resource-managers/zone")
                .then()
                .statusCode(oneOf(400, 403));
    }

    @Test
    void new_ids_are_newer_than_those_that_a_resource_manager_has_forgotten() {
        Supplier<String> begin = () -> Json.text(given().post("/transactions"), "id");
        String first = begin.get();
        String forgotten = String.format(
                Locale.ROOT, "%08x%s", Integer.parseInt(first.substring(0, 8), 16) + 1, first.substring(8));
        for (String invalid : List.of("none", "ffffffff-ffff-7000-8000-000000000000")) {
            forgetful(invalid).statusCode(400);
        }
        assertTrue(begin.get().compareTo(forgotten) < 0);
        forgetful(forgotten).statusCode(201);
        assertTrue(begin.get().compareTo(forgotten) > 0);
        RestAssured.delete("/resource-managers/forgetful");
    }

    private static ValidatableResponse forgetful(String newestEvicted) {
        return given().contentType(ContentType.JSON)
                .header("DTC-Newest-Forgotten", newestEvicted)
                .body(Map.of(
                        "url",
                        "http://127.0.0.1:1/forgetful",
                        "instance",
                        UUID.randomUUID().toString()))
                .put("/resource-managers/forgetful")
                .then();
    }

    @Test
    void a_body_of_undeclared_length_is_limited() throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            assertEquals(201, chunked(client, "{\"timeoutMillis\":1000}").statusCode());
            HttpResponse<String> tooLarge = chunked(client, " ".repeat(3_000_000));
            assertEquals(413, tooLarge.statusCode());
            assertEquals(
                    "application/problem+json",
                    tooLarge.headers().firstValue("Content-Type").orElse(""));
        }
    }

    @Test
    void a_client_that_sends_a_large_body_before_reading_gets_the_response() throws IOException {
        byte[] part = " ".repeat(1_000_000).getBytes(StandardCharsets.US_ASCII);
        int parts = 30; // more than the buffers between client and server can hold
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), RestAssured.port)) {
            OutputStream out = socket.getOutputStream();
            out.write(
                    ("POST /transactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                                    + parts * part.length + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            for (int i = 0; i < parts; i++) {
                out.write(part);
            }
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            assertTrue(answer.startsWith("HTTP/1.1 413"), answer);
        }
    }

    private static HttpResponse<String> chunked(HttpClient client, String body)
            throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + RestAssured.port + "/transactions"))
                        .version(HttpClient.Version.HTTP_1_1)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofInputStream(
                                () -> new ByteArrayInputStream(body.getBytes(java.nio.charset.StandardCharsets.UTF_8))))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void repeated_requests_with_an_idempotency_key_begin_one_transaction() throws Exception {
        String key = UUID.randomUUID().toString();
        String body = """
                {"writes":[{"resourceManager":"orders","key":"%s","value":1},
                           {"resourceManager":"payments","key":"%s","value":1}],"autoCommit":true}""".formatted(key, key);
        Set<String> ids = new HashSet<>();
        for (Response answer : together(24, _ -> () -> beginAs(key, body))) {
            assertEquals(201, answer.statusCode());
            assertEquals("COMMITTED", Json.text(answer, "state"));
            ids.add(Json.text(answer, "id"));
        }
        ids.add(Json.text(beginAs(key, body.replace("\n", " ")), "id"));
        assertEquals(1, ids.size());
        beginAs(key, body.replace("\"value\":1", "\"value\":2"))
                .then()
                .statusCode(422)
                .contentType("application/problem+json");
        beginAs("a b", body).then().statusCode(400);
        beginAs("a".repeat(256), body).then().statusCode(400);
    }

    private static Response beginAs(String idempotencyKey, String body) {
        return given().contentType(ContentType.JSON)
                .header("Idempotency-Key", idempotencyKey)
                .body(body)
                .post("/transactions");
    }

    @Test
    void transactions_are_listed_newest_first_in_pages() {
        String older = begin();
        String newer = begin();
        JsonPath first = get("/transactions?state=ACTIVE&limit=1").jsonPath();
        assertEquals(newer, first.getString("items[0].id"));
        assertEquals(
                older,
                get("/transactions?state=ACTIVE&limit=1&after=" + first.getString("next"))
                        .jsonPath()
                        .getString("items[0].id"));
    }

    @Test
    void metrics_are_exported() {
        post("/transactions/" + begin() + "/prepare");
        String metrics = get("/q/metrics").asString();
        for (String name : List.of(
                "dtc_transactions_in_flight",
                "dtc_transactions_total",
                "dtc_prepare_seconds_bucket",
                "dtc_commit_delivery_seconds_bucket",
                "dtc_transaction_seconds_bucket",
                "dtc_commit_redeliveries_total",
                "dtc_in_doubt_oldest_seconds",
                "dtc_resource_managers",
                "dtc_rm_staged_transactions",
                "dtc_rm_locked_keys",
                "dtc_rm_lock_conflicts_total")) {
            assertTrue(metrics.contains("\n" + name), name);
        }
        get("/q/health/live").then().statusCode(200);
    }

    private static String begin() {
        return Json.text(post("/transactions").then().statusCode(201).extract().response(), "id");
    }

    private static Response write(String id, String resourceManager, String key, Object value) {
        return given().contentType(ContentType.JSON)
                .body(Map.of("resourceManager", resourceManager, "key", key, "value", value))
                .post("/transactions/" + id + "/writes");
    }

    private static String state(String id) {
        return Json.text(get("/transactions/" + id), "state");
    }

    private static void awaitState(String id, String state) {
        Waiting.await().untilAsserted(() -> get("/transactions/" + id).then().body("state", equalTo(state)));
    }

    private interface Calls {
        Callable<Response> number(int i);
    }

    private static List<Response> together(int number, Calls calls) throws InterruptedException, ExecutionException {
        return together(number, number, calls);
    }

    private static List<Response> together(int number, int atOnce, Calls calls)
            throws InterruptedException, ExecutionException {
        try (var threads = Executors.newFixedThreadPool(atOnce)) {
            List<Callable<Response>> all = new ArrayList<>();
            for (int i = 0; i < number; i++) {
                all.add(calls.number(i));
            }
            List<Response> answers = new ArrayList<>();
            for (Future<Response> answer : threads.invokeAll(all, 60, TimeUnit.SECONDS)) {
                answers.add(answer.get());
            }
            return answers;
        }
    }
}
