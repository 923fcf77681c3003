package dtc.testing;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/** A collector of spans in this process, over OTLP as protobuf in HTTP. */
public final class OtlpReceiver implements AutoCloseable {

    /** Names a span of a trace. */
    public record SpanRef(String traceId, String spanId) {}

    /**
     * A span, as far as tests need it.
     *
     * @param service the attribute {@code service.name} of its process
     * @param parentId empty if it is the root of its trace
     * @param kind 1 for internal, 2 for server, 3 for client
     * @param attributes texts and numbers
     */
    public record ReceivedSpan(
            String service,
            SpanRef ref,
            String parentId,
            String name,
            long kind,
            Map<String, String> attributes,
            List<SpanRef> links) {

        public String traceId() {
            return ref.traceId();
        }

        public @Nullable String attribute(String key) {
            return attributes.get(key);
        }
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Queue<ReceivedSpan> spans = new ConcurrentLinkedQueue<>();

    public OtlpReceiver() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 100);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/v1/traces", this::receive);
        server.start();
    }

    /** The environment of a process that sends its spans here, soon after they end. */
    public Map<String, String> environment() {
        return Map.of(
                "QUARKUS_OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                "http://127.0.0.1:" + server.getAddress().getPort(),
                "QUARKUS_OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
                "http/protobuf",
                "QUARKUS_OTEL_BSP_SCHEDULE_DELAY",
                "100ms");
    }

    public List<ReceivedSpan> spans() {
        return List.copyOf(spans);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.close();
    }

    private void receive(HttpExchange exchange) throws IOException {
        try (exchange;
                InputStream body = exchange.getRequestBody()) {
            boolean isCompressed = exchange.getRequestHeaders().containsKey("Content-Encoding");
            byte[] bytes = (isCompressed ? new GZIPInputStream(body) : body).readAllBytes();
            for (UnknownFieldSet ofProcess : messages(UnknownFieldSet.parseFrom(bytes), 1)) {
                String service = messages(ofProcess, 1).stream()
                        .map(resource -> attributes(resource, 1).getOrDefault("service.name", ""))
                        .findFirst()
                        .orElse("");
                for (UnknownFieldSet ofScope : messages(ofProcess, 2)) {
                    messages(ofScope, 2).forEach(span -> spans.add(span(service, span)));
                }
            }
            exchange.getResponseHeaders().add("Content-Type", "application/x-protobuf");
            exchange.sendResponseHeaders(200, -1);
        }
    }

    private static ReceivedSpan span(String service, UnknownFieldSet span) {
        return new ReceivedSpan(
                service,
                new SpanRef(hex(span, 1), hex(span, 2)),
                hex(span, 4),
                text(span, 5),
                span.getField(6).getVarintList().getFirst(),
                attributes(span, 9),
                messages(span, 13).stream()
                        .map(link -> new SpanRef(hex(link, 1), hex(link, 2)))
                        .toList());
    }

    private static Map<String, String> attributes(UnknownFieldSet message, int field) {
        Map<String, String> attributes = new TreeMap<>();
        for (UnknownFieldSet attribute : messages(message, field)) {
            for (UnknownFieldSet value : messages(attribute, 2)) {
                String number = value.getField(3).getVarintList().stream()
                        .map(String::valueOf)
                        .findFirst()
                        .orElse("");
                attributes.put(text(attribute, 1), number.isEmpty() ? text(value, 1) : number);
            }
        }
        return attributes;
    }

    private static List<UnknownFieldSet> messages(UnknownFieldSet message, int field) {
        return message.getField(field).getLengthDelimitedList().stream()
                .map(bytes -> {
                    try {
                        return UnknownFieldSet.parseFrom(bytes);
                    } catch (InvalidProtocolBufferException e) {
                        throw new UncheckedIOException(e);
                    }
                })
                .toList();
    }

    private static String text(UnknownFieldSet message, int field) {
        return message.getField(field).getLengthDelimitedList().stream()
                .map(bytes -> bytes.toStringUtf8())
                .findFirst()
                .orElse("");
    }

    private static String hex(UnknownFieldSet message, int field) {
        return message.getField(field).getLengthDelimitedList().stream()
                .map(bytes -> HexFormat.of().formatHex(bytes.toByteArray()))
                .findFirst()
                .orElse("");
    }
}
