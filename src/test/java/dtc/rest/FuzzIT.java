package dtc.rest;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Calls all operations of the OpenAPI document with random and invalid values. No response may be a failure of the
 * server.
 */
@QuarkusIntegrationTest
class FuzzIT {

    private static final long SEED = 20_261_124;

    private static final int CALLS_OF_EACH = 60;

    /** Values that are likely to be handled wrongly: bounds, encodings, other types, malformed numbers. */
    private static final List<String> TEXTS = List.of(
            "",
            " ",
            ".",
            "..",
            "a/b",
            "%",
            "%00",
            "\u0000",
            "\n",
            "\"",
            "'",
            "null",
            "true",
            "-1",
            "0",
            "1e400",
            "9223372036854775808",
            "NaN",
            "ACTIVE",
            "orders",
            "nobody",
            "\ud83d\ude00",
            "\u202e",
            "x".repeat(600),
            "0199f2d4-0000-7000-8000-000000000000",
            "0199F2D4-0000-7000-8000-00000000000",
            "00000000-0000-0000-0000-000000000000",
            "http://127.0.0.1:1",
            "http://[::1%25lo]:70000",
            "http://user@127.0.0.1/?q#f",
            "${jndi:ldap://127.0.0.1/x}",
            "<b>{{7*7}}</b>");

    private static final List<String> CONTENT_TYPES = List.of(
            "application/json", "application/json", "application/json;charset=utf-16", "text/plain", "x/y", "*/*");

    private final Random random = new Random(SEED);
    private final ObjectMapper mapper = new ObjectMapper();

    @TestHTTPResource
    @SuppressWarnings("NullAway.Init") // injected
    URI root;

    @Test
    void no_input_makes_the_server_fail() throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            JsonNode document = mapper.readTree(client.send(
                            HttpRequest.newBuilder(root.resolve("/q/openapi?format=json"))
                                    .build(),
                            BodyHandlers.ofString())
                    .body());
            int operations = 0;
            for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
                for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
                    operations++;
                    for (int i = 0; i < CALLS_OF_EACH; i++) {
                        check(client, document, path.getKey(), operation.getKey(), operation.getValue());
                    }
                }
            }
            assertTrue(operations > 15, String.format(Locale.ROOT, "the document names %d operations", operations));
        }
    }

    private void check(HttpClient client, JsonNode document, String path, String method, JsonNode operation)
            throws IOException, InterruptedException {
        HttpRequest request = request(document, path, method.toUpperCase(Locale.ROOT), operation);
        HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
        String what = String.format(
                Locale.ROOT, "%s %s gave %d: %s", request.method(), request.uri(), answer.statusCode(), answer.body());
        // 502 to 504 are failures of resource managers, which these calls do not reach.
        assertTrue(answer.statusCode() < 500 || answer.statusCode() == 507, what);
        assertFalse(answer.body().contains("Exception") || answer.body().contains("\tat "), what);
        if (answer.statusCode() >= 400) {
            assertTrue(
                    answer.headers().firstValue("Content-Type").orElse("").startsWith("application/problem+json"),
                    what);
        }
    }

    private HttpRequest request(JsonNode document, String path, String method, JsonNode operation) {
        String target = path;
        List<String> query = new ArrayList<>();
        HttpRequest.Builder request = HttpRequest.newBuilder().timeout(Duration.ofSeconds(20));
        for (JsonNode reference : operation.path("parameters")) {
            JsonNode parameter = resolve(document, reference);
            String name = parameter.path("name").asText();
            switch (parameter.path("in").asText()) {
                case "path" -> target = target.replace("{" + name + "}", encoded(pathText()));
                case "query" -> {
                    if (random.nextBoolean()) {
                        query.add(name + "=" + encoded(text()));
                    }
                }
                case "header" -> {
                    if (random.nextBoolean()) {
                        request.header(name, text().replaceAll("[^\\x20-\\x7e]", "?"));
                    }
                }
                default -> throw new IllegalStateException("a parameter in " + parameter);
            }
        }
        JsonNode schema = operation.at("/requestBody/content/application~1json/schema");
        if (schema.isMissingNode()) {
            request.method(method, BodyPublishers.noBody());
        } else {
            request.method(method, BodyPublishers.ofString(body(document, schema)))
                    .header("Content-Type", CONTENT_TYPES.get(random.nextInt(CONTENT_TYPES.size())));
        }
        return request.uri(URI.create(root.resolve("/").toString().replaceAll("/$", "")
                        + target
                        + (query.isEmpty() ? "" : "?" + String.join("&", query))))
                .build();
    }

    /** Returns a path segment that is not the name of a resource manager of other tests. */
    private String pathText() {
        String text = text();
        return text.isEmpty() || text.equals("orders") || text.matches("\\.+") ? "nobody" : text;
    }

    private String text() {
        return random.nextInt(4) == 0
                ? random.ints(random.nextInt(1, 20), 1, 0xd800)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString()
                : TEXTS.get(random.nextInt(TEXTS.size()));
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** Returns a body that mostly follows the schema, with some invalid values; sometimes not JSON. */
    private String body(JsonNode document, JsonNode schema) {
        String json = json(document, schema, 0);
        return switch (random.nextInt(8)) {
            case 0 -> json.substring(0, random.nextInt(json.length() + 1));
            case 1 -> json + json;
            case 2 -> text();
            case 3 -> "[".repeat(2_000);
            default -> json;
        };
    }

    private String json(JsonNode document, JsonNode schema, int depth) {
        if (random.nextInt(5) == 0 || depth > 4) {
            return any();
        }
        JsonNode described = resolve(document, schema);
        // If there are several types, the others are null.
        return switch (described
                .path("type")
                .path(0)
                .asText(described.path("type").asText())) {
            case "object" -> {
                List<String> members = new ArrayList<>();
                for (Map.Entry<String, JsonNode> property :
                        described.path("properties").properties()) {
                    if (random.nextInt(6) > 0) {
                        members.add(quoted(property.getKey()) + ":" + json(document, property.getValue(), depth + 1));
                    }
                }
                if (random.nextInt(10) == 0) {
                    members.add(quoted(text()) + ":" + any());
                }
                yield "{" + String.join(",", members) + "}";
            }
            case "array" -> {
                List<String> items = new ArrayList<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    items.add(json(document, described.path("items"), depth + 1));
                }
                yield "[" + String.join(",", items) + "]";
            }
            case "string" -> quoted(text());
            case "boolean" -> Boolean.toString(random.nextBoolean());
            case "integer" -> Long.toString(random.nextLong());
            default -> any();
        };
    }

    private static JsonNode resolve(JsonNode document, JsonNode node) {
        return node.has("$ref") ? document.at(node.path("$ref").asText().substring(1)) : node;
    }

    private String any() {
        return switch (random.nextInt(7)) {
            case 0 -> "null";
            case 1 -> "1e999";
            case 2 -> "-0.000";
            case 3 -> "[]";
            case 4 -> "{}";
            case 5 -> Double.toString(random.nextGaussian() * Double.MAX_VALUE / 4);
            default -> quoted(text());
        };
    }

    private String quoted(String text) {
        return mapper.getNodeFactory().textNode(text).toString();
    }
}
