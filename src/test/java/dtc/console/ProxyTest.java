package dtc.console;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The console behind a proxy that removes a prefix, and the errors that a browser gets on its paths. */
@QuarkusTest
class ProxyTest {

    private static final String PREFIX = "X-Forwarded-Prefix";
    private static final Pattern LINK = Pattern.compile("\\b(?:href|src|action|hx-get)=\"([^\"]*)\"");

    private static String begin() {
        return given().contentType(ContentType.JSON)
                .post("/transactions")
                .then()
                .statusCode(201)
                .extract()
                .path("id");
    }

    static Stream<String> pages() {
        return Stream.of(
                "/",
                "/console/transactions",
                "/console/transactions/",
                "/console/resource-managers",
                "/console/resource-managers/orders",
                "/console/actions",
                "/console/try");
    }

    /** No link leads to a path without the prefix: all are relative to the base of the page. */
    @ParameterizedTest
    @MethodSource("pages")
    void all_links_of_a_page_are_relative_to_its_base(String path) {
        String html = given().header(PREFIX, "/apps/dtc")
                .get(path.equals("/console/transactions/") ? path + begin() : path)
                .then()
                .statusCode(200)
                .extract()
                .asString();
        List<String> links =
                LINK.matcher(html).results().map(MatchResult::group).toList();
        assertEquals("href=\"/apps/dtc/\"", links.getFirst(), html);
        links.stream().skip(1).forEach(link -> assertFalse(link.contains("=\"/") || link.contains("=\"#"), link));
    }

    @ParameterizedTest
    @CsvSource({
        "/dtc, /dtc/",
        "/dtc/, /dtc/",
        "'/outer, /inner', /outer/inner/",
        "/, /",
        "'', /",
        "dtc, /",
        "//evil.example, /",
        "/a//b, /",
        "https://evil.example, /",
        "/\"><script>, /",
        "/%2e%2e, /",
    })
    void a_prefix_is_a_path_on_this_server(String prefix, String root) {
        given().header(PREFIX, prefix).get("/").then().body(containsString("<base href=\"" + root + "\">"));
    }

    @Test
    void an_action_leads_back_to_the_page_under_the_prefix() {
        String path = "/console/transactions/" + begin() + "/rollback";
        given().header(PREFIX, "/dtc")
                .header("Sec-Fetch-Site", "same-origin")
                .formParam("reason", "for the prefix")
                .redirects()
                .follow(false)
                .post(path)
                .then()
                .statusCode(303)
                .header("Location", containsString("/dtc/console/transactions/"));
    }

    @Test
    void the_location_of_a_transaction_has_the_prefix() {
        given().header(PREFIX, "/dtc")
                .contentType(ContentType.JSON)
                .post("/transactions")
                .then()
                .header("Location", containsString("/dtc/transactions/"));
    }

    private static ValidatableResponse asBrowser(String method, String path) {
        return given().accept("text/html,application/xhtml+xml,*/*;q=0.8")
                .request(method, path)
                .then();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/console/nowhere", "/console/transactions/a/b/c", "/console/%20"})
    void a_browser_gets_a_page_for_an_unknown_path_of_the_console(String path) {
        asBrowser("GET", path)
                .statusCode(404)
                .contentType("text/html;charset=utf-8")
                .header("Cache-Control", "no-store")
                .header("Content-Security-Policy", startsWith("default-src 'none'"))
                .body(containsString("<h1>404 Not Found</h1>"));
        given().accept("application/json")
                .get(path)
                .then()
                .statusCode(404)
                .contentType("application/problem+json")
                .body("status", equalTo(404));
    }

    @Test
    void a_browser_gets_a_page_for_other_errors_of_the_console() {
        asBrowser("DELETE", "/console/transactions").statusCode(405).body(endsWith("</html>\n"));
        given().header(PREFIX, "/dtc")
                .accept("text/html")
                .get("/console/nowhere")
                .then()
                .body(containsString("<base href=\"/dtc/\">"));
    }

    @Test
    void the_api_answers_a_browser_with_a_problem() {
        asBrowser("GET", "/transactions/nonsense")
                .contentType("application/problem+json")
                .body(not(containsString("<html")));
    }
}
