package dtc.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.testing.RawClient;
import dtc.testing.RawClient.Response;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Raw requests: what is refused before the resources are called, and what all responses have in common. */
@QuarkusIntegrationTest
class HttpEdgeIT {

    private static final String HOST = "Host: localhost\r\n";
    private static final String ID = "01990000-0000-7000-8000-000000000000";
    private static final Pattern FRAMEWORK = Pattern.compile(
            "@|Exception|resource method|jakarta|vertx|quarkus|netty|jackson", Pattern.CASE_INSENSITIVE);

    @TestHTTPResource("/")
    @SuppressWarnings("NullAway.Init")
    URI uri;

    private RawClient client() {
        return new RawClient(uri.getPort());
    }

    private Response send(String request) {
        try (RawClient client = client()) {
            return client.send(request).read(request.startsWith("HEAD "));
        }
    }

    private static void assertProblem(int status, Response response) {
        assertEquals(status, response.status(), response.toString());
        assertEquals(List.of("application/problem+json"), response.header("Content-Type"), response.toString());
        assertEquals(List.of("no-store"), response.header("Cache-Control"), response.toString());
        assertEquals(status, response.json().path("status").asInt());
        assertTrue(response.json().path("type").asText().startsWith("urn:dtc:"), response.body());
        assertFalse(response.json().path("title").asText().isBlank(), response.body());
        assertFalse(response.json().path("detail").asText().isBlank(), response.body());
        assertFalse(FRAMEWORK.matcher(response.body()).find(), response.body());
        assertFalse(response.json().has("instance"), response.body());
    }

    static final List<String> MALFORMED = List.of(
            "nonsense\r\n\r\n",
            "GET\r\n\r\n",
            "GET /transactions\r\n\r\n",
            "GET /transactions HTTP/3.9\r\n" + HOST + "\r\n",
            "GET /transactions HTTP/2.0\r\n" + HOST + "\r\n",
            "GET /transactions HTTP/1.2\r\n" + HOST + "\r\n",
            "GET /transactions XTTP/1.1\r\n" + HOST + "\r\n",
            "GET /transactions HTTP/1.1\r\n\r\n",
            "GET /transactions HTTP/1.1\r\n" + HOST + HOST + "\r\n",
            "GET /transactions HTTP/1.1\r\n" + HOST + "Host: elsewhere\r\n\r\n",
            "GET /transactions HTTP/1.1\r\nHost: a b\r\n\r\n",
            "GET /transactions HTTP/1.1\r\nHost: localhost:port\r\n\r\n",
            "GET /transactions HTTP/1.1\r\nHost: [::1\r\n\r\n",
            "GET /transactions HTTP/1.1\r\n" + HOST + "A B: c\r\n\r\n",
            "GET /transactions HTTP/1.1\r\n" + HOST + ": c\r\n\r\n",
            "GET /transactions HTTP/1.1\r\n" + HOST + "no colon\r\n\r\n",
            "POST /transactions HTTP/1.1\r\n" + HOST + "Content-Length: x\r\n\r\n",
            "POST /transactions HTTP/1.1\r\n" + HOST + "Content-Length: -1\r\n\r\n",
            "POST /transactions HTTP/1.1\r\n" + HOST + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
            "POST /transactions HTTP/1.1\r\n" + HOST
                    + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /transactions HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
            "POST /transactions HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n",
            "POST /transactions HTTP/1.1\r\n" + HOST + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "POST /transactions HTTP/1.1\r\n" + HOST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "POST /transactions HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
            "POST /transactions HTTP/1.1\r\n" + HOST + "Transfer-Encoding: identity\r\n\r\n",
            "POST /transactions HTTP/1.1\r\n" + HOST + "Transfer-Encoding:\r\n\r\n",
            "POST /transactions HTTP/1.1\r\n" + HOST
                    + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "GET /transactions/%zz HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n",
            "GET /transactions?state=%zz HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n");

    @ParameterizedTest
    @FieldSource("MALFORMED")
    void a_malformed_request_is_a_problem_and_ends_the_connection(String request) {
        try (RawClient client = client()) {
            Response response = client.send(request).read();
            assertProblem(400, response);
            assertEquals(1, response.header("Date").size());
            assertTrue(client.isClosed());
        }
    }

    @Test
    void a_client_that_closes_its_side_receives_its_responses() {
        String begin = "POST /transactions HTTP/1.1\r\n" + HOST + "Content-Length: 0\r\n\r\n";
        try (RawClient client = client()) {
            client.send(begin + begin + "GET /transactions/" + ID + " HTTP/1.1\r\n" + HOST + "\r\n")
                    .end();
            assertEquals(201, client.read().status());
            assertEquals(201, client.read().status());
            assertProblem(404, client.read());
            assertTrue(client.isClosed());
        }
        try (RawClient client = client()) {
            assertEquals(201, client.send(begin).read().status());
            client.end();
            assertTrue(client.isClosed());
        }
        for (String incomplete :
                List.of("", "G", "POST /transactions HTTP/1.1\r\n" + HOST + "Content-Length: 5\r\n\r\n{}")) {
            try (RawClient client = client()) {
                client.send(incomplete).end();
                assertTrue(client.isClosed());
            }
        }
    }

    @Test
    void a_head_that_is_too_long_is_a_problem() {
        assertProblem(414, send("GET /" + "a".repeat(9_000) + " HTTP/1.1\r\n" + HOST + "\r\n"));
        assertProblem(431, send("GET / HTTP/1.1\r\n" + HOST + "X: " + "a".repeat(20_000) + "\r\n\r\n"));
    }

    /** The response to a malformed request is sent in order. */
    @Test
    void a_malformed_request_after_others_does_not_lose_their_responses() {
        try (RawClient client = client()) {
            client.send("POST /transactions HTTP/1.1\r\n" + HOST + "Content-Length: 0\r\n\r\n" + "GET /transactions/"
                    + ID + " HTTP/1.1\r\n" + HOST + "\r\n" + "GET /transactions HTTP/1.1\r\nHost: a b\r\n\r\n"
                    + "POST /transactions HTTP/1.1\r\n" + HOST + "Content-Length: 0\r\n\r\n");
            assertEquals(201, client.read().status());
            assertProblem(404, client.read());
            assertProblem(400, client.read());
            assertTrue(client.isClosed());
        }
    }

    @Test
    void pipelined_requests_are_answered_in_order_regardless_of_how_they_are_split() {
        List<String> ids = new ArrayList<>();
        StringBuilder requests = new StringBuilder();
        for (int i = 0; i < 50; i++) {
            String id = new UUID(0x0199000000007000L, 0x8000000000000000L + i).toString();
            ids.add(id);
            requests.append("GET /transactions/")
                    .append(id)
                    .append(" HTTP/1.1\r\n")
                    .append(HOST)
                    .append("\r\n");
        }
        for (int part : new int[] {1, 2, 7, 100, 100_000}) {
            try (RawClient client = client()) {
                for (int from = 0; from < requests.length(); from += part) {
                    client.send(requests.substring(from, Math.min(requests.length(), from + part)));
                }
                for (String id : ids) {
                    assertEquals(id, client.read().json().path("transaction").asText());
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "POST /transactions",
                "POST /transactions/" + ID + "/writes",
                "POST /transactions/" + ID + "/prepare",
                "POST /transactions/" + ID + "/commit",
                "POST /transactions/" + ID + "/rollback",
                "PUT /resource-managers/x",
                "POST /resource-managers/x/give-up",
                "POST /rm/orders/transactions/" + ID + "/writes",
                "POST /rm/orders/transactions/" + ID + "/prepare",
                "POST /rm/orders/transactions/" + ID + "/rollback",
                "POST /rm/orders/batch",
                "DELETE /resource-managers/x",
                "GET /transactions"
            })
    void an_empty_chunked_body_counts_as_no_body(String operation) {
        String head = operation + " HTTP/1.1\r\n" + HOST + "Content-Type: application/json\r\n";
        Response without = send(head + "Content-Length: 0\r\n\r\n");
        Response chunked = send(head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
        Response withExtension = send(head + "Transfer-Encoding: chunked\r\n\r\n0;a=b\r\n\r\n");
        assertEquals(without.status(), chunked.status(), chunked.toString());
        assertEquals(without.status(), withExtension.status(), withExtension.toString());
    }

    @ParameterizedTest
    @CsvSource({
        "PATCH,/transactions,'GET, HEAD, POST, OPTIONS'",
        "TRACE,/transactions,'GET, HEAD, POST, OPTIONS'",
        "DELETE,/transactions/" + ID + ",'GET, HEAD, OPTIONS'",
        "GET,/transactions/" + ID + "/commit,'POST, OPTIONS'",
        "POST,/resource-managers,'GET, HEAD, OPTIONS'",
        "POST,/resource-managers/x,'DELETE, GET, HEAD, PUT, OPTIONS'",
        "PUT,/resource-managers/x/give-up,'DELETE, POST, OPTIONS'",
        "DELETE,/rm/orders/entries/k,'GET, HEAD, OPTIONS'",
        "NONSENSE,/rm/orders/batch,'POST, OPTIONS'",
    })
    void a_method_that_is_not_supported_is_refused_with_those_that_are(String method, String path, String allow) {
        Response refused = send(method + " " + path + " HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n");
        assertProblem(405, refused);
        assertEquals(List.of(allow), refused.header("Allow"));
        Response options = send("OPTIONS " + path + " HTTP/1.1\r\n" + HOST + "\r\n");
        assertEquals(204, options.status());
        assertEquals(List.of(allow), options.header("Allow"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /transactions",
                "GET /transactions/" + ID,
                "GET /transactions/nonsense",
                "GET /resource-managers",
                "GET /rm/orders/entries",
                "GET /rm/nobody/entries",
                "POST /transactions",
                "HEAD /transactions"
            })
    void responses_have_a_date_and_are_not_stored(String operation) {
        Response response = send(operation + " HTTP/1.1\r\n" + HOST + "Content-Length: 0\r\n\r\n");
        assertEquals(List.of("no-store"), response.header("Cache-Control"), response.toString());
        assertEquals(1, response.header("Date").size(), response.toString());
        assertTrue(
                response.header("Date")
                        .getFirst()
                        .matches("[A-Z][a-z]{2}, \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT"),
                response.toString());
    }

    /** A path with another spelling is served as the same resource, with the same checks and headers. */
    @ParameterizedTest
    @CsvSource({
        "/transactions,                          200",
        "/%74ransactions,                        200",
        "/%74%72ansactions?limit=1,              200",
        "/r%6D/orders/entries,                   200",
        "/resource%2dmanagers/%6Frders,          200",
        "/%74ransactions/nonsense,               400",
        "/%74ransactions;x,                      400",
        "/%74ransactions/,                       400",
        "//transactions,                         400",
        "/./transactions,                        400",
        "/%2e/transactions,                      400",
        "/console/../transactions,               400",
        "/console/%2e%2E/transactions,           400",
        "/console/..;/transactions,              400",
        "/_static/../transactions,               400",
        "/q/..%2Ftransactions,                   404",
        "/q/%2e%2e/transactions,                 400",
        "/q/x/../health,                         400",
        "/q//health,                             400",
        "/q/health;x,                            400",
        "/console//transactions,                 400",
        "/console/transactions;x,                400",
        "/transactions%2F,                       404",
        "/transactions%2fnonsense,               404",
        "/rm%2Forders%2Fentries,                 404",
        "/TRANSACTIONS,                          404",
        "http://localhost/%74ransactions,        200",
        "http://localhost/console/../transactions, 400"
    })
    void a_path_is_checked_in_any_spelling(String path, int status) {
        Response response = send("GET " + path + " HTTP/1.1\r\n" + HOST + "\r\n");
        assertEquals(List.of("no-store"), response.header("Cache-Control"), response.toString());
        if (status == 200) {
            assertEquals(200, response.status(), response.toString());
            assertEquals(1, response.header("Date").size());
        } else {
            assertProblem(status, response);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"application/problem+json", "application/json, application/problem+json", "*/*", "application/*"
            })
    void generated_clients_get_a_response_that_they_accept(String accept) {
        assertEquals(
                201,
                send("POST /transactions HTTP/1.1\r\n" + HOST + "Accept: " + accept + "\r\nContent-Length: 0\r\n\r\n")
                        .status());
        assertProblem(404, send("GET /transactions/" + ID + " HTTP/1.1\r\n" + HOST + "Accept: " + accept + "\r\n\r\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/html", "text/plain", "application/xml", "image/png;q=0.1"})
    void errors_and_responses_without_a_body_do_not_depend_on_accept(String accept) {
        String rest = " HTTP/1.1\r\n" + HOST + "Accept: " + accept + "\r\nContent-Length: 0\r\n\r\n";
        assertProblem(406, send("GET /transactions" + rest));
        assertProblem(404, send("GET /nothing" + rest));
        assertProblem(405, send("PATCH /transactions" + rest));
        assertEquals(204, send("DELETE /resource-managers/nobody" + rest).status());
        assertEquals(
                204,
                send("POST /rm/orders/transactions/" + UUID.randomUUID() + "/rollback" + rest)
                        .status());
    }

    @Test
    void unknown_paths_of_the_framework_are_problems_too() {
        for (String path : List.of("/q/nothing", "/q/health/nothing", "/nothing/at/all", "/rm", "/rm/orders/nothing")) {
            assertProblem(404, send("GET " + path + " HTTP/1.1\r\n" + HOST + "\r\n"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/q/health", "/q/metrics", "/q/openapi", "/q/swagger-ui/", "/q/nothing", "/q", "/%71/health"})
    void health_and_metrics_are_only_read(String path) {
        String close = " HTTP/1.1\r\n" + HOST + "Connection: close\r\n";
        for (String method : List.of("POST", "PUT", "DELETE", "PATCH", "TRACE", "NONSENSE")) {
            for (String body : List.of(
                    "\r\n",
                    "Content-Length: 2\r\n\r\n{}",
                    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")) {
                Response response = send(method + " " + path + close + body);
                assertProblem(405, response);
                assertEquals(List.of("GET, HEAD, OPTIONS"), response.header("Allow"));
            }
        }
    }

    @Test
    void an_encoded_body_is_refused_as_such() {
        for (String encoding : List.of("gzip", "deflate", "br", "x", "identity\r\nContent-Encoding: gzip")) {
            Response response = send("POST /transactions HTTP/1.1\r\n" + HOST + "Content-Type: application/json\r\n"
                    + "Content-Encoding: " + encoding + "\r\nContent-Length: 3\r\n\r\n\u001f\u008b\u0008");
            assertProblem(415, response);
            assertTrue(response.body().contains("Content-Encoding"));
        }
    }

    /** Each body is given as its bytes. The parser would read some of them as another text. */
    @Test
    void a_body_that_is_not_utf_8_is_refused() {
        String begin =
                "{\"autoCommit\":true,\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"%s\",\"value\":\"%s\"}]}";
        String ascii = begin.formatted("k", "v");
        List<String> refused = List.of(
                begin.formatted("\u00c0\u00af", "v"), // an overlong slash
                begin.formatted("\u00e0\u0080\u00af", "v"),
                begin.formatted("\u00ed\u00a0\u0080", "v"), // a surrogate
                begin.formatted("k", "\u00ff"),
                begin.formatted("k", "\u00e4"), // ISO 8859-1
                begin.formatted("k", "\u00f4\u0090\u0080\u0080"), // beyond the last code point
                bytes("\ufeff" + ascii, StandardCharsets.UTF_16BE),
                bytes(ascii, StandardCharsets.UTF_16BE),
                bytes(ascii, StandardCharsets.UTF_16LE),
                bytes(ascii, StandardCharsets.UTF_32));
        for (String path : List.of("/transactions", "/transactions/" + ID + "/writes", "/rm/orders/batch")) {
            for (String body : refused) {
                Response response = send(post(path, body));
                assertProblem(400, response);
                assertTrue(response.body().contains("must be UTF-8"), response.body());
            }
        }
        String replacement = "\u00ef\u00bf\u00bd"; // a character like others
        Response committed = send(post("/transactions", begin.formatted(replacement, replacement)));
        assertEquals("COMMITTED", committed.json().path("state").asText(), committed.body());
    }

    private static String bytes(String text, Charset charset) {
        return new String(text.getBytes(charset), StandardCharsets.ISO_8859_1);
    }

    private static String post(String path, String body) {
        return "POST " + path + " HTTP/1.1\r\n" + HOST + "Content-Type: application/json\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body;
    }

    @Test
    void an_idempotency_key_is_given_once_and_not_empty() {
        for (String keys : List.of(
                "Idempotency-Key: \r\n",
                "Idempotency-Key: a\r\nIdempotency-Key: b\r\n",
                "Idempotency-Key: a\r\nIdempotency-Key: a\r\n",
                "Idempotency-Key: a b\r\n",
                "Idempotency-Key: " + "k".repeat(256) + "\r\n")) {
            assertProblem(400, send("POST /transactions HTTP/1.1\r\n" + HOST + keys + "Content-Length: 0\r\n\r\n"));
        }
    }

    static final List<String> KEYS = List.of(
            "acct",
            "acct;v=2",
            "p/q",
            "p//q",
            "p/q/",
            "/p",
            "a/../b",
            "a/./b",
            "%",
            "%2F",
            "a+b",
            "a b",
            "ä€😀",
            "a?b",
            "a#b",
            "a&b=c",
            "entries/x",
            ";",
            "//",
            "'\"<>",
            "\u00a0");

    /** No other key may be read instead of a key. */
    @Test
    void each_key_is_read_as_itself() {
        StringBuilder writes = new StringBuilder();
        for (int i = 0; i < KEYS.size(); i++) {
            writes.append(i == 0 ? "" : ",")
                    .append("{\"resourceManager\":\"orders\",\"key\":\"")
                    .append(KEYS.get(i).replace("\"", "\\\""))
                    .append("\",\"value\":")
                    .append(i)
                    .append('}');
        }
        byte[] body = ("{\"autoCommit\":true,\"writes\":[" + writes + "]}").getBytes(StandardCharsets.UTF_8);
        Response committed = send("POST /transactions HTTP/1.1\r\n" + HOST
                + "Content-Type: application/json\r\nContent-Length: " + body.length + "\r\n\r\n"
                + new String(body, StandardCharsets.ISO_8859_1));
        assertEquals("COMMITTED", committed.json().path("state").asText(), committed.body());
        for (int i = 0; i < KEYS.size(); i++) {
            String encoded = URLEncoder.encode(KEYS.get(i), StandardCharsets.UTF_8)
                    .replace("+", "%20")
                    .replace(".", "%2E");
            Response entry = send("GET /rm/orders/entries/" + encoded + " HTTP/1.1\r\n" + HOST + "\r\n");
            assertEquals(200, entry.status(), KEYS.get(i) + entry);
            assertEquals(KEYS.get(i), entry.json().path("key").asText());
            assertEquals(i, entry.json().path("value").asInt(), KEYS.get(i));
        }
        for (String raw : List.of(
                "acct;v=2",
                "p//q",
                "p/q/",
                "p/./q",
                "p/%2e/q",
                "a/../b",
                "p/x/%2E%2e/q",
                "a/..",
                "acct/%2e%2e",
                "p/q;x",
                ";",
                "acct%FF",
                "acct%C0%AF",
                "%C3%A4%E2%82",
                "\u00e4")) {
            assertProblem(400, send("GET /rm/orders/entries/" + raw + " HTTP/1.1\r\n" + HOST + "\r\n"));
        }
        Response nested = send("GET /rm/orders/entries/p/q HTTP/1.1\r\n" + HOST + "\r\n");
        assertEquals("p/q", nested.json().path("key").asText());
    }

    @Test
    void a_client_that_does_not_read_holds_one_response() {
        for (int i = 0; i < 200; i++) {
            String begin = "{\"autoCommit\":true,\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"n" + i
                    + "\",\"value\":1}]}";
            send("POST /transactions HTTP/1.1\r\n" + HOST + "Content-Type: application/json\r\nContent-Length: "
                    + begin.length() + "\r\n\r\n" + begin);
        }
        int requests = 1_000;
        String request = "GET /transactions?limit=200 HTTP/1.1\r\n" + HOST + "\r\n";
        try (RawClient client = client()) {
            client.send(request.repeat(requests));
            // Other clients are still served.
            assertEquals(
                    200,
                    send("GET /resource-managers HTTP/1.1\r\n" + HOST + "\r\n").status());
            for (int i = 0; i < requests; i++) {
                assertEquals(200, client.read().status());
            }
        }
    }
}
