package dtc.packaged;

import static java.net.http.HttpResponse.BodyHandlers.ofString;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.testing.Waiting;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/** Calls applications and reads their JSON. Cheap enough for thousands of calls. */
public final class JsonClient {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(20)).build();
    private final ObjectMapper mapper = new ObjectMapper();

    public HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return http.send(request.timeout(TIMEOUT).build(), ofString());
    }

    /** Posts a JSON document. */
    public HttpResponse<String> post(String url, String json) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(url))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json)));
    }

    HttpResponse<String> get(String url) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(url)));
    }

    JsonNode getJson(String url) throws IOException, InterruptedException {
        return read(get(url));
    }

    JsonNode read(HttpResponse<String> response) throws IOException {
        return mapper.readTree(response.body());
    }

    /** Waits until a resource manager has no staged transaction and none in doubt. */
    void awaitNoOpenTransactions(String application, String resourceManager) {
        Waiting.await(resourceManager + " has no open transactions")
                .ignoreExceptions()
                .until(
                        () -> getJson(application + "/rm/" + resourceManager + "/transactions")
                                .path("items"),
                        items -> items.isArray() && items.isEmpty());
    }

    /** All committed entries of a resource manager, whose values are numbers. */
    Map<String, Integer> entries(String application, String resourceManager) throws IOException, InterruptedException {
        String url = application + "/rm/" + resourceManager + "/entries?limit=1000";
        Map<String, Integer> all = new TreeMap<>();
        String after = "";
        do {
            JsonNode page = getJson(url + after);
            page.path("items")
                    .forEach(item -> all.put(
                            item.path("key").asText(), item.path("value").asInt()));
            after = page.path("next").isTextual()
                    ? "&after=" + page.path("next").asText()
                    : "";
        } while (!after.isEmpty());
        return all;
    }
}
