package dtc.rest;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.protocol.JsonText;
import dtc.protocol.Messages.WriteRequest;
import dtc.testing.Waiting;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Deletes and conditions over HTTP. */
@QuarkusTest
class ConditionalWritesTest {

    /** How a write gets to its resource manager. */
    enum Way {
        /** In a call of its own. One participant commits in one phase. */
        ALONE,
        /** With the prepare message, because another resource manager takes part. */
        WITH_PREPARE
    }

    @SuppressWarnings("NullAway.Init") // injected
    @Inject
    ObjectMapper mapper;

    private final String key = "conditional-" + UUID.randomUUID();

    @BeforeEach
    void resourceManagersAreRegistered() {
        Waiting.await().untilAsserted(() -> get("/q/health/ready").then().statusCode(200));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ALONE", "WITH_PREPARE"})
    void conditions_and_deletes_take_effect(Way way) {
        run(way, "'value':{'a':1,'b':2},'if':{'absent':true}", "COMMITTED");
        run(way, "'value':2,'if':{'absent':true}", "ROLLED_BACK");
        run(way, "'value':2,'if':{'value':{'a':1}}", "ROLLED_BACK");
        run(way, "'if':{'value':{'b':2.0,'a':1e0}}", "COMMITTED");
        value().then().body("value.a", equalTo(1));
        run(way, "'value':null,'if':{'value':{'b':2.0,'a':1e0}}", "COMMITTED");
        run(way, "'delete':true,'if':{'absent':true}", "ROLLED_BACK");
        run(way, "'delete':true,'if':{'value':null}", "COMMITTED");
        value().then().statusCode(404);
        run(way, "'if':{'absent':true}", "COMMITTED");
        run(way, "'delete':true", "COMMITTED");
        run(way, "'if':{'value':null}", "ROLLED_BACK");
    }

    private void run(Way way, String members, String state) {
        String write = write("orders", members);
        String other = "{'resourceManager':'payments','key':'%s','value':1}".formatted(key);
        Response answer = given().contentType(ContentType.JSON)
                .body(json("{'autoCommit':true,'writes':[%s%s]}".formatted(write, way == Way.ALONE ? "" : "," + other)))
                .post("/transactions");
        answer.then().statusCode(201).body("state", equalTo(state));
        if (state.equals("ROLLED_BACK")) {
            answer.then().body("reason", containsString(key));
        }
    }

    private String write(String resourceManager, String members) {
        return "{'resourceManager':'%s','key':'%s',%s}".formatted(resourceManager, key, members);
    }

    private static String json(String quoted) {
        return quoted.replace('\'', '"');
    }

    private Response value() {
        return get("/rm/orders/entries/" + key);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '!', textBlock = """
            'value':1,'delete':true                    ! delete
            'delete':false                             ! value
            'if':{}                                    ! if
            'value':1,'if':{}                          ! if
            'if':{'value':1,'absent':true}             ! if
            'value':1,'if':{'absent':false}            ! if.absent
            """, quoteCharacter = '"')
    void invalid_writes_are_refused(String members, String field) {
        String id = begin();
        String body = json(write("orders", members));
        given().contentType(ContentType.JSON)
                .body(body)
                .post("/transactions/" + id + "/writes")
                .then()
                .statusCode(400)
                .contentType("application/problem+json")
                .body("violations.field", equalTo(List.of(field)));
        given().contentType(ContentType.JSON)
                .body(json("{'writes':[%s]}".formatted(write("orders", members))))
                .post("/transactions")
                .then()
                .statusCode(400)
                .body("violations.field", equalTo(List.of("writes[0]." + field)));
        given().contentType(ContentType.JSON)
                .body(body.replace("\"resourceManager\":\"orders\",", ""))
                .post("/rm/orders/transactions/" + id + "/writes")
                .then()
                .statusCode(400)
                .body("violations.field", equalTo(List.of(field)));
        get("/transactions/" + id).then().body("state", equalTo("ACTIVE"));
    }

    @Test
    void members_of_a_condition_have_types() {
        for (String members : List.of("'if':1", "'if':{'absent':1}", "'delete':'true'", "'if':{'other':1}")) {
            given().contentType(ContentType.JSON)
                    .body(json(write("orders", members)))
                    .post("/transactions/" + begin() + "/writes")
                    .then()
                    .statusCode(400);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"'delete':true", "'if':{'absent':true}", "'value':1,'if':{'value':1}"})
    void a_resource_manager_without_the_feature_gets_no_deletes_and_conditions(String members) {
        try (ForeignResourceManager foreign = new ForeignResourceManager()) {
            String id = begin();
            given().contentType(ContentType.JSON)
                    .body(json(write(foreign.id(), members)))
                    .post("/transactions/" + id + "/writes")
                    .then()
                    .statusCode(409)
                    .contentType("application/problem+json")
                    .body("resourceManager", equalTo(foreign.id()));
            assertEquals(0, foreign.calls("writes"));
            get("/transactions/" + id).then().body("state", equalTo("MARKED_ROLLBACK"));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '!', quoteCharacter = '"', textBlock = """
            'value':1.50                        ! 'value':1.50
            'delete':true                       ! 'delete':true
            'delete':false,'value':null         ! 'value':null
            'if':{'absent':true}                ! 'if':{'absent':true}
            'if':{'value':1e2},'delete':true    ! 'delete':true,'if':{'value':1e2}
            'value':1,'if':{'value':null}       ! 'value':1,'if':{'value':null}
            """)
    void a_resource_manager_with_the_feature_gets_deletes_and_conditions(String members, String sent) {
        Queue<String> bodies = new ConcurrentLinkedQueue<>();
        try (ForeignResourceManager foreign = new ForeignResourceManager(Set.of("conditions"))) {
            foreign.on("writes", (exchange, call) -> {
                bodies.add(ForeignResourceManager.body(exchange));
                ForeignResourceManager.status(204).answer(exchange, call);
            });
            given().contentType(ContentType.JSON)
                    .body(json(write(foreign.id(), members)))
                    .post("/transactions/" + begin() + "/writes")
                    .then()
                    .statusCode(204);
        }
        assertEquals(List.of(json("{'key':'%s',%s}".formatted(key, sent))), List.copyOf(bodies));
    }

    /** The fingerprint of a request with an Idempotency-Key is in the log: a later version must compute the same. */
    @Test
    void a_plain_write_has_the_fingerprint_of_earlier_versions() throws Exception {
        assertEquals(
                "{\"resourceManager\":\"orders\",\"key\":\"k\",\"value\":null}",
                mapper.writeValueAsString(new WriteRequest("orders", "k", new JsonText("null"), null, null)));
    }

    @Test
    void a_batch_contains_conditions() {
        String id = begin();
        given().contentType(ContentType.JSON)
                .body(json("""
                        {'messages':[
                        {'type':'WRITE','transaction':'%1$s','sequence':1,'key':'%2$s','delete':true,'if':{'value':9}},
                        {'type':'PREPARE','transaction':'%1$s','writeCount':1}]}
                        """.formatted(id, key)))
                .post("/rm/orders/batch")
                .then()
                .statusCode(200)
                .body("answers[0].status", equalTo(204))
                .body("answers[1].vote", equalTo("ABORT"))
                .body("answers[1].reason", containsString(key));
    }

    private static String begin() {
        return given().contentType(ContentType.JSON)
                .body("{}")
                .post("/transactions")
                .path("id");
    }
}
