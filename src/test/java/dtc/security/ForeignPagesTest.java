package dtc.security;

import static dtc.security.RequestOrigin.CROSS_ORIGIN;
import static dtc.security.RequestOrigin.NONE;
import static dtc.security.RequestOrigin.SAME_ORIGIN;
import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process that lets in whoever reaches it, and a browser on its machine that shows a page of somebody else. */
@QuarkusTest
class ForeignPagesTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/console/transactions",
                "/console/actions",
                "/transactions",
                "/rm/orders/entries",
                "/q/metrics"
            })
    void a_request_with_a_foreign_host_name_is_refused(String path) throws IOException {
        for (String host : new String[] {
            "evil.example",
            "localhost.evil.example",
            "evil.example.",
            "localhost..",
            "0.0.0.0",
            "10.0.0.1",
            "notlocalhost"
        }) {
            String answer = asked(path, "Host: " + host + ":" + RestAssured.port + "\r\n");
            assertTrue(answer.startsWith("HTTP/1.1 403"), host + ": " + answer);
            assertTrue(answer.contains("application/problem+json"), answer);
            assertTrue(answer.contains("call it as localhost or 127.0.0.1"), answer);
        }
    }

    @Test
    void the_names_of_this_machine_are_accepted() throws IOException {
        String port = ":" + RestAssured.port;
        for (String host : new String[] {
            "localhost",
            "localhost" + port,
            "LOCALHOST",
            "localhost.",
            "localhost." + port,
            "dtc.localhost" + port,
            "127.0.0.1" + port,
            "127.8.8.8",
            "[::1]" + port,
            "[::1]"
        }) {
            String answer = asked("/transactions", "Host: " + host + "\r\n");
            assertTrue(answer.startsWith("HTTP/1.1 200"), host + ": " + answer);
        }
        // As programs do that speak HTTP/1.0: no browser.
        assertTrue(sent("GET /transactions HTTP/1.0\r\n\r\n").startsWith("HTTP/1.0 200"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://evil.example", "null", "http://localhost:1", "not an origin"})
    void a_page_of_another_origin_changes_nothing(String origin) {
        String id = given().post("/transactions").jsonPath().getString("id");
        for (String path : new String[] {
            "/transactions", "/transactions/" + id + "/rollback", "/console/transactions/" + id + "/rollback"
        }) {
            given().header("Origin", origin)
                    .post(path)
                    .then()
                    .statusCode(403)
                    .contentType("application/problem+json")
                    .body("detail", containsString("cross-origin requests"));
        }
        given().header("Origin", origin)
                .delete("/resource-managers/orders")
                .then()
                .statusCode(403);
        get("/transactions/" + id).then().body("state", equalTo("ACTIVE"));
        given().header("Origin", RestAssured.baseURI + ":" + RestAssured.port)
                .post("/transactions/" + id + "/rollback")
                .then()
                .statusCode(200);
    }

    @Test
    void the_site_reported_by_the_browser_has_precedence() {
        String own = RestAssured.baseURI + ":" + RestAssured.port;
        for (String site : new String[] {"cross-site", "same-site"}) {
            given().header("Sec-Fetch-Site", site)
                    .header("Origin", own)
                    .post("/transactions")
                    .then()
                    .statusCode(403);
        }
        for (String site : new String[] {"same-origin", "none"}) {
            given().header("Sec-Fetch-Site", site).post("/transactions").then().statusCode(201);
        }
        // A link from elsewhere may lead here.
        given().header("Sec-Fetch-Site", "cross-site").get("/").then().statusCode(200);
    }

    @Test
    void a_page_is_ours_only_if_the_browser_says_so() {
        assertEquals(NONE, RequestOrigin.of(null, null, "localhost:8080"));
        assertEquals(SAME_ORIGIN, RequestOrigin.of(null, "http://[::1]:8080", "[::1]:8080"));
        assertEquals(SAME_ORIGIN, RequestOrigin.of(null, "https://dtc.example", "DTC.example"));
        assertEquals(SAME_ORIGIN, RequestOrigin.of("same-origin", "https://dtc.example", "dtc.internal:8080"));
        assertEquals(CROSS_ORIGIN, RequestOrigin.of(null, "https://dtc.example", "dtc.internal:8080"));
        assertEquals(CROSS_ORIGIN, RequestOrigin.of(null, "https://dtc.example", null));
    }

    private static String asked(String path, String headers) throws IOException {
        return sent("GET " + path + " HTTP/1.1\r\n" + headers + "Connection: close\r\n\r\n");
    }

    private static String sent(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), RestAssured.port)) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
