package dtc.participant.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;

import dtc.participant.json.Json;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests to the coordinator. If there are several URLs, they are tried in turn, beginning with the one that
 * answered last. All requests of the protocol can be repeated. Thread-safe.
 */
public final class CoordinatorHttp {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration RETRY_AFTER_MAX = Duration.ofSeconds(5);

    private final List<URI> urls;
    private final Supplier<@Nullable String> token;
    private final HttpClient http;

    private volatile int current;

    /**
     * Creates a client.
     *
     * @param token the bearer token, read for each request; null if there is none
     */
    public CoordinatorHttp(List<URI> urls, Supplier<@Nullable String> token) {
        if (urls.isEmpty()) {
            throw new IllegalArgumentException("the URL of the coordinator is missing");
        }
        this.urls = List.copyOf(urls);
        this.token = token;
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT_TIMEOUT)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    /** Reads URLs with commas between them. */
    public static List<URI> urls(String urls) {
        return Arrays.stream(urls.split(",", -1))
                .map(String::strip)
                .map(URI::create)
                .toList();
    }

    /** Sends a request. An exception means that no coordinator answered in time: it may have been carried out. */
    public CoordinatorResponse send(
            String method, String path, @Nullable String body, Map<String, String> headers, Duration timeout)
            throws IOException, InterruptedException {
        IOException failure = new IOException("no coordinator");
        for (int i = 0; i < urls.size(); i++) {
            int index = (current + i) % urls.size();
            try {
                CoordinatorResponse response = sendTo(urls.get(index), method, path, body, headers, timeout);
                current = index;
                return response;
            } catch (IOException e) {
                failure = e;
            }
        }
        throw failure;
    }

    private CoordinatorResponse sendTo(
            URI url, String method, String path, @Nullable String body, Map<String, String> headers, Duration timeout)
            throws IOException, InterruptedException {
        String base = url.toString();
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create((base.endsWith("/") ? base.substring(0, base.length() - 1) : base) + path))
                .timeout(timeout)
                .header("Accept", "application/json")
                .method(
                        method,
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        headers.forEach(request::header);
        TraceHeaders.addTo(request::header);
        String bearer = token.get();
        if (bearer != null) {
            request.header("Authorization", "Bearer " + bearer);
        }
        HttpResponse<byte[]> response = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        return new CoordinatorResponse(response.statusCode(), members(response), retryAfter(response));
    }

    /** Anything but JSON, such as the page of a proxy, has no members. */
    private static Map<String, String> members(HttpResponse<byte[]> response) {
        String type = response.headers().firstValue("Content-Type").orElse("");
        if (!type.startsWith("application/json") && !type.startsWith("application/problem+json")) {
            return Map.of();
        }
        Map<String, String> members = Json.members(new String(response.body(), UTF_8));
        return members == null ? Map.of() : members;
    }

    private static @Nullable Duration retryAfter(HttpResponse<?> response) {
        String seconds = response.headers().firstValue("Retry-After").orElse("");
        if (!seconds.matches("\\d{1,9}")) {
            return null;
        }
        Duration pause = Duration.ofSeconds(Long.parseLong(seconds));
        return pause.compareTo(RETRY_AFTER_MAX) < 0 ? pause : RETRY_AFTER_MAX;
    }
}
