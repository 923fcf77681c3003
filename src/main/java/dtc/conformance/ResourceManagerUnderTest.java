package dtc.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import dtc.conformance.CoordinatorServer.RegistrationCall;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Sends messages to the resource manager, with the headers of a coordinator. Thread-safe. */
final class ResourceManagerUnderTest {

    static final String RESOURCE_MANAGER = "DTC-Resource-Manager";
    static final String INSTANCE = "DTC-Instance";
    static final String WRITE_SEQUENCE = "DTC-Write-Sequence";
    static final String WRITE_COUNT = "DTC-Write-Count";

    /** How long a response is awaited. Much longer than the second of a vote: only some rows depend on time. */
    static final Duration TIMEOUT = Duration.ofSeconds(20);

    private final HttpCaller http;
    private final Map<String, String> authorization;
    private volatile @Nullable RegistrationCall registration;

    /** @param token sent with all requests; null if there is none */
    ResourceManagerUnderTest(HttpCaller http, @Nullable String token) {
        this.http = http;
        this.authorization = token == null ? Map.of() : Map.of("Authorization", "Bearer " + token);
    }

    /** Sets the registration, which determines the headers of all further messages. */
    void registered(RegistrationCall current) {
        registration = current;
    }

    /** Returns the latest registration. Rows are run only if there is one. */
    RegistrationCall registration() {
        RegistrationCall current = registration;
        if (current == null) {
            throw new IllegalStateException("the resource manager has not registered");
        }
        return current;
    }

    boolean has(String feature) {
        return registration().features().contains(feature);
    }

    // Messages

    /** Returns the headers of a message; {@code more} replaces or adds headers. */
    Map<String, String> headers(Map<String, String> more) {
        Map<String, String> headers = new TreeMap<>(authorization);
        headers.put(RESOURCE_MANAGER, registration().id());
        headers.put(INSTANCE, registration().instance());
        headers.putAll(more);
        return headers;
    }

    Exchange post(String path, Map<String, String> headers, @Nullable String body) {
        return http.call("POST", path, headers(headers), body, TIMEOUT);
    }

    /** Opens a connection for several messages. */
    HttpCaller.Connection connect() throws IOException {
        return http.connect(TIMEOUT);
    }

    static String path(TransactionId id, String action) {
        return "/transactions/" + id + "/" + action;
    }

    // Reads

    Exchange entries() {
        return get("/entries");
    }

    Exchange entry(String key) {
        return get("/entries/" + encoded(key));
    }

    private static String encoded(String key) {
        return URLEncoder.encode(key, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** Returns the open transactions, or empty if the resource manager does not list them. */
    Optional<Map<String, String>> openTransactions() {
        Exchange exchange = get("/transactions?limit=1000");
        JsonNode items = exchange.json().path("items");
        if (exchange.status() != 200 || !items.isArray()) {
            return Optional.empty();
        }
        Map<String, String> states = new TreeMap<>();
        items.forEach(item -> states.put(
                item.path("id").asText().toLowerCase(Locale.ROOT),
                item.path("state").asText()));
        return Optional.of(states);
    }

    private Exchange get(String path) {
        return http.call("GET", path, authorization, null, TIMEOUT);
    }
}
