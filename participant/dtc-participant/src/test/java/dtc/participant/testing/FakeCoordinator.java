package dtc.participant.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A coordinator that answers as a test requires. It enlists and registers everything. */
public final class FakeCoordinator implements AutoCloseable {

    /** A request that arrived. */
    public record Call(String method, String path, Map<String, List<String>> headers, String body) {
        public @Nullable String header(String name) {
            return headers.entrySet().stream()
                    .filter(header -> header.getKey().equalsIgnoreCase(name))
                    .map(header -> header.getValue().get(0))
                    .findFirst()
                    .orElse(null);
        }
    }

    /** An answer. Status 0 closes the connection, and status -1 does not answer until the test ends. */
    public record Answer(int status, String contentType, String body) {
        public static final Answer CLOSE = new Answer(0, "", "");
        public static final Answer NONE = new Answer(-1, "", "");

        public static Answer json(int status, String body) {
            return new Answer(status, "application/json", body);
        }

        public static Answer problem(int status, String detail) {
            return new Answer(
                    status, "application/problem+json", "{\"status\":" + status + ",\"detail\":\"" + detail + "\"}");
        }
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Call> calls = new CopyOnWriteArrayList<>();
    private final Map<String, List<Answer>> answers = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> sequences = new ConcurrentHashMap<>();

    public FakeCoordinator() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** Sets the answers to a request such as {@code GET /transactions}, in turn. The last one is repeated. */
    public void answer(String request, Answer... inTurn) {
        answers.put(request, new CopyOnWriteArrayList<>(inTurn));
    }

    public void answerOutcome(UUID id, String outcome) {
        answer("GET /transactions/" + id + "/outcome", Answer.json(200, "{\"outcome\":\"" + outcome + "\"}"));
    }

    /** Returns the requests with this beginning, such as {@code PUT /resource-managers}. */
    public List<Call> calls(String request) {
        return calls.stream()
                .filter(call -> (call.method() + " " + call.path()).startsWith(request))
                .toList();
    }

    private void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().toString();
        String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
        calls.add(new Call(exchange.getRequestMethod(), path, Map.copyOf(exchange.getRequestHeaders()), body));
        Answer answer = next(exchange.getRequestMethod() + " " + path);
        if (answer.status() <= 0) {
            if (answer.status() == 0) {
                exchange.close();
            }
            return;
        }
        byte[] bytes = answer.body().getBytes(UTF_8);
        exchange.getResponseHeaders().add("Content-Type", answer.contentType());
        exchange.sendResponseHeaders(answer.status(), bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private synchronized Answer next(String request) {
        List<Answer> planned = answers.get(request);
        if (planned != null) {
            return planned.size() > 1 ? planned.remove(0) : planned.get(0);
        }
        if (request.startsWith("PUT /resource-managers/")) {
            return Answer.json(200, "{\"leaseMillis\":10000}");
        }
        if (request.contains("/participants/")) {
            return Answer.json(
                    200,
                    "{\"sequence\":"
                            + sequences
                                    .computeIfAbsent(request, r -> new AtomicInteger())
                                    .incrementAndGet() + "}");
        }
        if (request.endsWith("/outcome")) {
            return Answer.json(200, "{\"outcome\":\"PENDING\"}");
        }
        return new Answer(204, "text/plain", "");
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
