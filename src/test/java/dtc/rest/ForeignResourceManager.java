package dtc.rest;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A stub of a resource manager in another process: an HTTP server with configurable answers. */
public final class ForeignResourceManager implements AutoCloseable {

    private static final String BODY = "body";

    /** How it answers one kind of message. */
    public interface Behavior {
        void answer(HttpExchange exchange, int call) throws IOException;
    }

    private final String id = "foreign-" + UUID.randomUUID().toString().substring(0, 8);
    private final UUID instance = UUID.randomUUID();
    private final HttpServer server;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Map<String, Behavior> behaviors = new ConcurrentHashMap<>(Map.of(
            "writes", status(204),
            "prepare", json(200, "{\"vote\":\"COMMIT\"}"),
            "commit", status(204),
            "rollback", status(204)));
    private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();

    private final Set<String> features;

    public ForeignResourceManager() {
        this(Set.of());
    }

    /** @param features the features that it registers */
    public ForeignResourceManager(Set<String> features) {
        this.features = features;
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            try (exchange) {
                String path = exchange.getRequestURI().getPath();
                String message = path.substring(path.lastIndexOf('/') + 1);
                exchange.setAttribute(
                        BODY, new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
                int call =
                        calls.computeIfAbsent(message, _ -> new AtomicInteger()).incrementAndGet();
                behaviors.getOrDefault(message, status(404)).answer(exchange, call);
            }
        });
        server.start();
        renew();
    }

    public void renew() {
        register(instance);
    }

    public void register(UUID instance) {
        RestAssured.given()
                .contentType(ContentType.JSON)
                .body(Map.of(
                        "url",
                        "http://127.0.0.1:" + server.getAddress().getPort() + "/base",
                        "instance",
                        instance.toString(),
                        "features",
                        features))
                .put("/resource-managers/" + id)
                .then()
                .statusCode(org.hamcrest.Matchers.oneOf(200, 201));
    }

    public String id() {
        return id;
    }

    public ForeignResourceManager on(String message, Behavior behavior) {
        behaviors.put(message, behavior);
        return this;
    }

    public int calls(String message) {
        AtomicInteger count = calls.get(message);
        return count == null ? 0 : count.get();
    }

    public Behavior hang() {
        return (_, _) -> {
            try {
                closed.await();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        };
    }

    static String body(HttpExchange exchange) {
        return String.valueOf(exchange.getAttribute(BODY));
    }

    public static Behavior status(int status) {
        return (exchange, _) -> exchange.sendResponseHeaders(status, -1);
    }

    /** Answers with a problem document without a transaction. */
    public static Behavior problem(int status) {
        return answer(status, "application/problem+json", String.format(Locale.ROOT, "{\"status\":%d}", status));
    }

    public static Behavior json(int status, String body) {
        return answer(status, "application/json", body);
    }

    private static Behavior answer(int status, String contentType, String body) {
        return (exchange, _) -> {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", contentType);
            exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        };
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        RestAssured.delete("/resource-managers/" + id);
    }
}
