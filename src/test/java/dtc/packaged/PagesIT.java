package dtc.packaged;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.runtime.BuildVersion;
import dtc.testing.Waiting;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** All that is to be looked at is in the packaged application: pages, what they are made of, documents and metrics. */
@QuarkusIntegrationTest
class PagesIT {

    private static final Pattern LINK = Pattern.compile("(?:href|src)=\"([^\"#]*)");

    /** Links are relative to it. */
    private static final URI ROOT = URI.create("/");

    /** One page of each kind has been seen long before; lists lead to each transaction of the other tests. */
    private static final int LINKS_MAX = 150;

    private static final Path FILES = Path.of("src/main/resources/META-INF/resources/console");

    @BeforeEach
    void resourceManagersAreRegistered() {
        Waiting.await().untilAsserted(() -> get("/q/health/ready").then().statusCode(200));
    }

    @Test
    void the_overview_leads_to_every_page_and_nowhere_else() {
        String id = given().contentType(ContentType.JSON)
                .body("{\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"page\",\"value\":1}]}")
                .post("/transactions")
                .then()
                .statusCode(201)
                .extract()
                .path("id");

        Set<String> seen = new TreeSet<>();
        Deque<String> next = new ArrayDeque<>(List.of("/", "/console/transactions/" + id));
        while (!next.isEmpty() && seen.size() < LINKS_MAX) {
            String link = next.remove();
            if (seen.add(link)) {
                Response answer = get(link);
                assertEquals(200, answer.statusCode(), link + ": " + answer.asString());
                if (answer.contentType().startsWith("text/html")) {
                    LINK.matcher(answer.asString())
                            .results()
                            .forEach(found ->
                                    next.add(ROOT.resolve(found.group(1).replace("&amp;", "&"))
                                            .toString()));
                }
            }
        }

        for (String page : List.of(
                "/console/transactions",
                "/console/transactions/" + id,
                "/console/transactions/" + id + "/rollback",
                "/console/resource-managers",
                "/console/resource-managers/orders",
                "/console/actions",
                "/console/try",
                "/console/console.css",
                "/console/console.js",
                "/console/try.js",
                "/console/icon.svg",
                "/_static/htmx.org/dist/htmx.min.js")) {
            assertTrue(seen.contains(page), page + " in " + seen);
        }
        get("/console/transactions/" + id).then().body(containsString("orders")).body(containsString("active"));
        get("/console/no-such-page").then().statusCode(404);
    }

    @Test
    void the_files_of_the_project_are_served_unchanged() throws IOException {
        try (var files = Files.list(FILES)) {
            for (Path file : files.toList()) {
                assertArrayEquals(
                        Files.readAllBytes(file),
                        get("/console/" + file.getFileName()).asByteArray(),
                        file.toString());
            }
        }
    }

    @Test
    void documents_and_metrics_are_served() {
        get("/q/health").then().statusCode(200).body("status", equalTo("UP"));
        get("/q/openapi?format=json")
                .then()
                .statusCode(200)
                .body("paths.'/transactions'.post.summary", containsString("Begins a transaction"));
        get("/q/openapi").then().statusCode(200).body(containsString("/rm/{rm}/batch"));
        get("/q/swagger-ui/").then().statusCode(200).body(containsString("swagger-ui-bundle"));
        get("/q/metrics")
                .then()
                .statusCode(200)
                .body(containsString("dtc_transactions_in_flight{"))
                .body(containsString("dtc_resource_managers{"));
    }

    @Test
    void the_version_and_the_commit_are_shown() {
        BuildVersion build = BuildVersion.CURRENT;
        get("/q/info")
                .then()
                .statusCode(200)
                .body("build.version", equalTo(build.version()))
                .body("build.commit", equalTo(build.commit()));
        get("/q/metrics")
                .then()
                .body(containsString(
                        "dtc_build_info{commit=\"%s\",version=\"%s\"} 1.0".formatted(build.commit(), build.version())));
        get("/").then()
                .body(containsString(
                        "<footer>DTC %s, commit %s</footer>".formatted(build.version(), build.shortCommit())));
    }
}
