package dtc.kubernetes;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dtc.protocol.Cause;
import dtc.testing.Waiting;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each metric, label and label value that a rule or a panel names is there in the running application. */
@QuarkusTest
class MetricsExistTest {

    /** Some are there once what they count has happened: a vote to commit, and a vote to abort. */
    @BeforeEach
    void one_commits_and_one_does_not() throws IOException {
        Waiting.await().untilAsserted(() -> get("/q/health/ready").then().statusCode(200));
        run("orders", "payments", "COMMITTED");

        HttpServer refusing = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        refusing.createContext("/", exchange -> {
            byte[] vote = "{\"vote\":\"ABORT\",\"reason\":\"always\"}".getBytes(StandardCharsets.UTF_8);
            boolean asked = exchange.getRequestURI().getPath().endsWith("/prepare");
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(asked ? 200 : 204, asked ? vote.length : -1);
            if (asked) {
                exchange.getResponseBody().write(vote);
            }
            exchange.close();
        });
        refusing.start();
        try {
            given().contentType(ContentType.JSON)
                    .body(Map.of(
                            "url",
                            "http://127.0.0.1:" + refusing.getAddress().getPort(),
                            "instance",
                            UUID.randomUUID().toString()))
                    .put("/resource-managers/refusing")
                    .then()
                    .statusCode(201);
            run("orders", "refusing", "ROLLED_BACK");
            given().delete("/resource-managers/refusing").then().statusCode(204);
        } finally {
            refusing.stop(0);
        }
    }

    private static void run(String one, String other, String state) {
        given().contentType(ContentType.JSON)
                .body(Map.of(
                        "autoCommit",
                        true,
                        "writes",
                        List.of(
                                Map.of("resourceManager", one, "key", "metrics", "value", 1),
                                Map.of("resourceManager", other, "key", "metrics", "value", 1))))
                .post("/transactions")
                .then()
                .statusCode(201)
                .body("state", equalTo(state));
    }

    private static String exposed() {
        return get("/q/metrics").then().statusCode(200).extract().asString();
    }

    @Test
    void every_named_metric_exists() throws IOException {
        Manifests manifests = Manifests.parse(Manifests.build("overlays/production"));
        List<String> rules = Expressions.ofRules(manifests);
        List<String> panels = Expressions.ofDashboards(manifests);
        assertTrue(rules.size() > 10 && panels.size() > 30, () -> rules.size() + " and " + panels.size());
        assertEquals(
                List.of(),
                Expressions.unknown(
                        Stream.concat(rules.stream(), panels.stream()).toList(), manifests, exposed()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    sum by (state) (dtc_transaction_in_flight)         | metric dtc_transaction_in_flight
                    rate(dtc_votes_total{vot="abort"}[5m]) > 1         | label vot of dtc_votes_total
                    dtc_votes_total{vote="aborted", pod="x"}           | dtc_votes_total{vote="aborted"}
                    dtc_prepare_seconds_bucket{namespace="a",le="0.3"} | dtc_prepare_seconds_bucket{le="0.3"}
                    histogram_quantile(0.9, rate(dtc_prepare_bucket[$__rate_interval])) | metric dtc_prepare_bucket
                    """)
    void a_mistake_is_found(String expression, String unknown) {
        assertEquals(List.of(unknown), Expressions.unknown(List.of(expression), new Manifests(List.of()), exposed()));
    }

    @Test
    void every_metric_is_described() {
        String exposed = exposed();
        Set<String> described = names(exposed, "HELP (\\S+) \\S.*");
        Set<String> metrics = names(exposed, "TYPE (dtc_\\S+) .*");
        assertTrue(metrics.size() > 15, metrics::toString);
        metrics.removeAll(described);
        assertEquals(Set.of(), metrics);
    }

    private static Set<String> names(String exposed, String comment) {
        Pattern pattern = Pattern.compile("(?m)^# " + comment + "$");
        return pattern.matcher(exposed)
                .results()
                .map(line -> line.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** A series that starts above 0 hides its first increase from {@code rate()}. */
    @Test
    void counters_by_cause_and_vote_start_at_0() {
        String id = "never-voted";
        given().contentType(ContentType.JSON)
                .body(Map.of("url", "http://127.0.0.1:9/" + id, "instance", UUID.randomUUID()))
                .put("/resource-managers/" + id)
                .then()
                .statusCode(201);
        String exposed = exposed();
        given().delete("/resource-managers/" + id).then().statusCode(204);
        assertEquals(
                Set.of(
                        "commit voted",
                        "read_only voted",
                        "abort voted",
                        "abort timeout",
                        "abort error",
                        "abort unreachable"),
                Pattern.compile(
                                "dtc_votes_total\\{cause=\"(\\w+)\",resource_manager=\"never-voted\",vote=\"(\\w+)\"} 0.0")
                        .matcher(exposed)
                        .results()
                        .map(series -> series.group(2) + " " + series.group(1))
                        .collect(Collectors.toSet()));
        for (Cause cause : Cause.values()) {
            String label =
                    "dtc_transactions_total{cause=\"%s\"".formatted(cause.name().toLowerCase(Locale.ROOT));
            assertTrue(exposed.contains(label), label);
        }
    }

    @Test
    void a_correct_name_is_not_reported() {
        assertEquals(
                List.of(),
                Expressions.unknown(
                        List.of(
                                "1 - sum by (pod) (rate(dtc_prepare_seconds_bucket{le=\"0.25\"}[5m])) / 0.01 > 1",
                                "max by (lease) (dtc_resource_managers{job=\"a\", lease=~\"no.*\"}) or vector(0)"),
                        new Manifests(List.of()),
                        exposed()));
    }
}
