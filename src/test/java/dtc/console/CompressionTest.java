package dtc.console;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class CompressionTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/console/transactions",
                "/console/resource-managers/orders",
                "/console/try",
                "/console/transactions/unknown",
                "/console/console.css",
                "/console/console.js",
                "/console/try.js",
                "/_static/htmx.org/dist/htmx.min.js"
            })
    void pages_and_their_files_are_compressed_for_clients_that_accept_it(String path) throws Exception {
        HttpResponse<byte[]> plain = fetch(path, "Accept-Encoding", "gzip;q=0, br");
        assertEquals(Optional.empty(), plain.headers().firstValue("Content-Encoding"));
        for (String accepted : List.of("gzip", "br, gzip;q=0.5", "GZIP")) {
            HttpResponse<byte[]> compressed = fetch(path, "Accept-Encoding", accepted);
            assertEquals(plain.statusCode(), compressed.statusCode());
            assertEquals(List.of("gzip"), compressed.headers().allValues("Content-Encoding"));
            assertEquals(mediaType(plain), mediaType(compressed));
            assertTrue(3 * compressed.body().length < 2 * plain.body().length, accepted);
            byte[] content = new GZIPInputStream(new ByteArrayInputStream(compressed.body())).readAllBytes();
            if (mediaType(plain).equals("text/html")) { // it contains the time
                assertTrue(new String(content, StandardCharsets.UTF_8).contains("</html>"));
            } else {
                assertArrayEquals(plain.body(), content);
            }
            if (!path.startsWith("/_static")) {
                assertEquals(
                        "Accept-Encoding",
                        compressed.headers().firstValue("Vary").orElse(""));
            }
        }
    }

    @Test
    void a_browser_that_has_a_compressed_file_does_not_get_it_again() throws Exception {
        String etag = fetch("/console/console.css", "Accept-Encoding", "gzip")
                .headers()
                .firstValue("ETag")
                .orElseThrow();
        HttpResponse<byte[]> again = fetch("/console/console.css", "Accept-Encoding", "gzip", "If-None-Match", etag);
        assertEquals(304, again.statusCode());
        assertEquals(
                200,
                fetch("/console/console.css", "Accept-Encoding", "gzip", "If-None-Match", "\"other\"")
                        .statusCode());
    }

    @Test
    void responses_of_the_api_are_not_compressed() throws Exception {
        for (String path : List.of("/transactions", "/q/metrics")) {
            assertEquals(
                    Optional.empty(),
                    fetch(path, "Accept-Encoding", "gzip").headers().firstValue("Content-Encoding"),
                    path);
        }
    }

    private static HttpResponse<byte[]> fetch(String path, String... headers) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(URI.create("http://localhost:" + RestAssured.port + path))
                            .headers(headers)
                            .build(),
                    HttpResponse.BodyHandlers.ofByteArray());
        }
    }

    private static String mediaType(HttpResponse<?> response) {
        return response.headers().firstValue("Content-Type").orElse("").replaceFirst(";.*", "");
    }
}
