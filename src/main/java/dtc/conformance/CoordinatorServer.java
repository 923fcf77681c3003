package dtc.conformance;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP interface of a coordinator, as far as a resource manager uses it: registration and inquiries. Records each
 * call. Thread-safe.
 */
final class CoordinatorServer implements AutoCloseable {

    /** Short, so that renewals are seen soon. */
    static final Duration LEASE = Duration.ofSeconds(3);

    private static final Pattern RESOURCE_MANAGER = Pattern.compile("/resource-managers/([^/]+)");
    private static final Pattern OUTCOME = Pattern.compile("/transactions/([^/]+)/outcome");
    private static final String JSON = "application/json";
    private static final String PROBLEM = "application/problem+json";
    private static final int CLOSED = -1;
    private static final Duration POLL = Duration.ofMillis(20);

    /** A registration or its renewal. */
    record RegistrationCall(
            String id, String url, String instance, Set<String> features, long nanos, boolean refused) {}

    /** An answer to an inquiry. */
    enum InquiryAnswer {
        COMMIT(200, JSON, "{\"outcome\":\"COMMIT\"}"),
        ROLLBACK(200, JSON, "{\"outcome\":\"ROLLBACK\"}"),
        PENDING(200, JSON, "{\"outcome\":\"PENDING\"}"),
        /** A problem of the coordinator. */
        ERROR(503, PROBLEM, "{\"title\":\"Service Unavailable\",\"status\":503}"),
        /** A coordinator answers 200 for unknown transactions, so a 404 is from a proxy. */
        NOT_FOUND(404, PROBLEM, "{\"title\":\"Not Found\",\"status\":404}"),
        PAGE(200, "text/html", "<html>ROLLBACK</html>"),
        OTHER_WORD(200, JSON, "{\"outcome\":\"ABORTED\"}"),
        INCOMPLETE(200, JSON, "{\"outcome\":\"ROLLBACK\""),
        EMPTY(200, JSON, ""),
        /** The connection is closed. */
        CLOSE(CLOSED, "", ""),
        /** The connection stays open. */
        NONE(0, "", "");

        private final int status;
        private final String contentType;
        private final String body;

        InquiryAnswer(int status, String contentType, String body) {
            this.status = status;
            this.contentType = contentType;
            this.body = body;
        }
    }

    private final HttpServer server;
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final List<RegistrationCall> registrations = new ArrayList<>();
    private final Map<String, String> newestForgotten = new HashMap<>();
    private final Map<TransactionId, List<InquiryAnswer>> scripts = new HashMap<>();
    private final Map<TransactionId, Integer> inquiries = new HashMap<>();
    private boolean refusing;

    CoordinatorServer(InetSocketAddress address) throws IOException {
        server = HttpServer.create(address, 0);
        server.setExecutor(executor);
        server.createContext("/", this::handle);
        server.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    // Registrations

    synchronized List<RegistrationCall> registrations() {
        return List.copyOf(registrations);
    }

    /** Refuses registrations with 503 from now on, or accepts them again. */
    synchronized void refuseRegistrations(boolean refuse) {
        refusing = refuse;
    }

    /** Returns {@code DTC-Newest-Forgotten} of the resource manager. */
    synchronized Optional<TransactionId> newestForgotten(String id) {
        return Optional.ofNullable(newestForgotten.get(id)).flatMap(TransactionId::parse);
    }

    // Inquiries

    /** Sets the answers to the inquiries about a transaction. The last one is repeated. By default it is PENDING. */
    synchronized void answerInquiries(TransactionId id, List<InquiryAnswer> answers) {
        scripts.put(id, answers);
    }

    /** The number of inquiries about a transaction. */
    synchronized int inquiries(TransactionId id) {
        return inquiries.getOrDefault(id, 0);
    }

    /** Waits until {@code value} is present. Returns empty after the timeout. */
    <T> Optional<T> await(Supplier<Optional<T>> value, Duration timeout) throws InterruptedException {
        long deadlineNanos = System.nanoTime() + timeout.toNanos();
        while (true) {
            // Outside the lock, since it may call the resource manager.
            Optional<T> found = value.get();
            long remainingMillis = (deadlineNanos - System.nanoTime()) / 1_000_000;
            if (found.isPresent() || remainingMillis <= 0) {
                return found;
            }
            if (closed.await(Math.min(remainingMillis, POLL.toMillis()), TimeUnit.MILLISECONDS)) {
                return Optional.empty();
            }
        }
    }

    // The server

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String method = exchange.getRequestMethod();
            Matcher resourceManager = RESOURCE_MANAGER.matcher(path);
            Matcher outcome = OUTCOME.matcher(path);
            if (method.equals("PUT") && resourceManager.matches()) {
                register(exchange, resourceManager.group(1));
            } else if (method.equals("DELETE") && resourceManager.matches()) {
                exchange.sendResponseHeaders(204, CLOSED);
            } else if (method.equals("GET") && outcome.matches()) {
                answerInquiry(exchange, outcome.group(1));
            } else {
                send(exchange, 404, PROBLEM, "{\"title\":\"Not Found\",\"status\":404}");
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void register(HttpExchange exchange, String id) throws IOException {
        JsonNode body = JsonDocuments.parse(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
        Set<String> features = new HashSet<>();
        body.path("features").forEach(feature -> features.add(feature.asText()));
        boolean isNew;
        boolean refuse;
        synchronized (this) {
            isNew = registrations.stream().noneMatch(known -> known.id().equals(id));
            refuse = refusing;
            registrations.add(new RegistrationCall(
                    id,
                    body.path("url").asText(),
                    body.path("instance").asText(),
                    features,
                    System.nanoTime(),
                    refuse));
            String forgotten = exchange.getRequestHeaders().getFirst("DTC-Newest-Forgotten");
            if (forgotten != null) {
                newestForgotten.put(id, forgotten);
            }
        }
        if (refuse) {
            send(exchange, 503, PROBLEM, "{\"title\":\"Service Unavailable\",\"status\":503}");
            return;
        }
        String now = JsonDocuments.quoted(Instant.now().toString());
        send(
                exchange,
                isNew ? 201 : 200,
                JSON,
                "{\"id\":%s,\"url\":%s,\"instance\":%s,\"live\":true,\"leaseMillis\":%s,\"registeredAt\":%s,\"renewedAt\":%s}"
                        .formatted(
                                JsonDocuments.quoted(id),
                                body.path("url"),
                                body.path("instance"),
                                LEASE.toMillis(),
                                now,
                                now));
    }

    private void answerInquiry(HttpExchange exchange, String text) throws IOException, InterruptedException {
        Optional<TransactionId> id = TransactionId.parse(text);
        if (id.isEmpty()) {
            send(exchange, 400, PROBLEM, "{\"title\":\"Bad Request\",\"status\":400}");
            return;
        }
        InquiryAnswer answer;
        synchronized (this) {
            int number = inquiries.merge(id.get(), 1, Integer::sum);
            List<InquiryAnswer> script = scripts.getOrDefault(id.get(), List.of(InquiryAnswer.PENDING));
            answer = script.get(Math.min(number, script.size()) - 1);
        }
        switch (answer) {
            case NONE -> closed.await();
            case CLOSE -> {}
            default -> send(exchange, answer.status, answer.contentType, answer.body);
        }
    }

    private static void send(HttpExchange exchange, int status, @Nullable String contentType, String body)
            throws IOException {
        byte[] bytes = body.getBytes(UTF_8);
        if (contentType != null) {
            exchange.getResponseHeaders().set("Content-Type", contentType);
        }
        exchange.sendResponseHeaders(status, bytes.length == 0 ? CLOSED : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        executor.close();
    }
}
