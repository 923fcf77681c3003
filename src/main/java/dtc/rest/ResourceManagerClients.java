package dtc.rest;

import dtc.runtime.Registration;
import dtc.security.Outbound;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.runtime.config.TlsConfigUtils;
import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.impl.ConnectionBase;
import jakarta.ws.rs.core.MediaType;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests to resource managers. Redirects are not followed.
 *
 * <p>After another instance has registered, no connection that was opened before is used for it: it may lead to the
 * earlier process. Resource managers are distributed over a fixed number of slots. Each slot has its own connections,
 * and opens new ones for a registration that is newer than its connections.
 */
public final class ResourceManagerClients {

    /**
     * Configuration of the clients.
     *
     * @param timeout how long the answer to a request is awaited, from the start of the connection
     * @param connectionsMax limit of connections to one address, for each slot
     * @param retiredFor how long connections that are no longer used for new requests stay open for requests in flight
     */
    public record Settings(Duration timeout, int connectionsMax, Duration retiredFor) {}

    /** How a request uses connections. */
    enum Reuse {
        /** An open connection is used if there is one. Only for servers that send exactly one response per request. */
        KEPT,
        /**
         * The request has a connection of its own. Responses in HTTP/1.1 carry no request id: a surplus response on a
         * kept connection would be read as the response to the next request.
         */
        CLOSED
    }

    /** The connection was closed, before any response, after it had been used before: the server may have been idle. */
    static final class IdleConnectionClosedException extends Exception {
        private IdleConnectionClosedException(Throwable cause) {
            super("the connection was closed while idle", cause, false, false);
        }
    }

    /** Limits how many connections are opened anew when an instance changes, without a client for each id. */
    private static final int SLOTS = 64;

    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;
    private static final AttributeKey<Boolean> USED = AttributeKey.valueOf(ResourceManagerClients.class, "used");

    /** @param generation no connection was opened before this generation of registrations */
    private record Slot(long generation, HttpClient kept, HttpClient closed) {}

    private final Vertx vertx;
    private final Outbound outbound;
    private final Settings settings;
    private final LongSupplier latestGeneration;
    /** Guarded by this. */
    private final @Nullable Slot[] slots = new @Nullable Slot[SLOTS];

    /** @param latestGeneration the highest generation of all registrations */
    public ResourceManagerClients(Vertx vertx, Outbound outbound, Settings settings, LongSupplier latestGeneration) {
        this.vertx = vertx;
        this.outbound = outbound;
        this.settings = settings;
        this.latestGeneration = latestGeneration;
    }

    Duration timeout() {
        return settings.timeout();
    }

    /**
     * Sends a POST request to a path below the URL of a resource manager. The future fails if there is no complete
     * response within the limit.
     */
    Future<HttpAnswer> post(
            Registration target,
            String path,
            Map<String, String> headers,
            @Nullable Buffer body,
            Duration limit,
            Reuse reuse) {
        Slot slot = slot(target);
        Exchange exchange = new Exchange(reuse == Reuse.KEPT ? slot.kept() : slot.closed(), headers, body);
        RequestOptions options = options(URI.create(target.url()), path);
        Context context = Vertx.currentContext();
        if (context == null) {
            vertx.runOnContext(_ -> exchange.start(options, limit));
        } else {
            exchange.start(options, limit);
        }
        return exchange.answer.future();
    }

    private static RequestOptions options(URI base, String path) {
        boolean ssl = base.getScheme().equalsIgnoreCase("https");
        int port = base.getPort() >= 0 ? base.getPort() : ssl ? HTTPS_PORT : HTTP_PORT;
        String host = base.getHost();
        String address = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        return new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setServer(SocketAddress.inetSocketAddress(port, address))
                .setHost(host)
                .setPort(port)
                .setSsl(ssl)
                .setURI(base.getRawPath() + path);
    }

    private synchronized Slot slot(Registration target) {
        int index = Math.floorMod(target.id().hashCode(), SLOTS);
        Slot slot = slots[index];
        if (slot != null && slot.generation() >= target.generation()) {
            return slot;
        }
        if (slot != null) {
            retire(slot);
        }
        // Read before the clients are created: they are newer than all registrations up to this generation.
        long generation = Math.max(target.generation(), latestGeneration.getAsLong());
        Slot next = new Slot(generation, client(true), client(false));
        slots[index] = next;
        return next;
    }

    /** Opens new connections for all further requests, for example with another certificate. */
    public synchronized void renewConnections() {
        for (int i = 0; i < SLOTS; i++) {
            Slot slot = slots[i];
            if (slot != null) {
                retire(slot);
                slots[i] = null;
            }
        }
    }

    private void retire(Slot slot) {
        vertx.setTimer(Math.max(1, settings.retiredFor().toMillis()), _ -> {
            slot.kept().close();
            slot.closed().close();
        });
    }

    private HttpClient client(boolean keepAlive) {
        HttpClientOptions options = new HttpClientOptions()
                .setKeepAlive(keepAlive)
                .setMaxPoolSize(settings.connectionsMax())
                .setMaxHeaderSize(Clients.HEADER_BYTES_MAX)
                .setConnectTimeout(Math.toIntExact(settings.timeout().toMillis()));
        TlsConfiguration tls = outbound.tls();
        if (tls != null) {
            TlsConfigUtils.configure(options, tls);
            options.setSsl(false); // each request says whether it uses TLS
        }
        return vertx.httpClientBuilder()
                .with(options)
                .withConnectHandler(ResourceManagerClients::opened)
                .build();
    }

    private static void opened(HttpConnection connection) {
        channel(connection).pipeline().addBefore("handler", "interim", new InterimResponses());
    }

    private static Channel channel(HttpConnection connection) {
        return ((ConnectionBase) connection).channel();
    }

    /** One request and its response. Its methods run on one context. */
    private final class Exchange {
        private final HttpClient client;
        private final Map<String, String> headers;
        private final @Nullable Buffer body;
        private final Promise<HttpAnswer> answer = Promise.promise();
        private final Buffer received = Buffer.buffer();
        private long timer;
        private boolean ended;
        private boolean reused;
        private boolean hasHead;
        private @Nullable HttpClientRequest request;

        private Exchange(HttpClient client, Map<String, String> headers, @Nullable Buffer body) {
            this.client = client;
            this.headers = headers;
            this.body = body;
        }

        private void start(RequestOptions options, Duration limit) {
            timer = vertx.setTimer(
                    Math.max(1, limit.toMillis()), _ -> fail(new TimeoutException("no whole answer in time")));
            client.request(options).onComplete(this::connected);
        }

        private void connected(AsyncResult<HttpClientRequest> result) {
            if (result.failed()) {
                fail(result.cause());
                return;
            }
            HttpClientRequest ready = result.result();
            if (ended) {
                ready.reset();
                return;
            }
            request = ready;
            reused = channel(ready.connection()).attr(USED).getAndSet(true) != null;
            ready.response().onComplete(this::answered);
            outbound.prepare(ready);
            if (ended) {
                return;
            }
            headers.forEach(ready::putHeader);
            if (body == null) {
                ready.putHeader(HttpHeaders.CONTENT_LENGTH, "0");
                ready.end().onFailure(this::fail);
            } else {
                ready.putHeader(HttpHeaders.CONTENT_TYPE, MediaType.APPLICATION_JSON);
                ready.end(body).onFailure(this::fail);
            }
        }

        private void answered(AsyncResult<HttpClientResponse> result) {
            if (result.failed()) {
                fail(result.cause());
                return;
            }
            HttpClientResponse response = result.result();
            hasHead = true;
            if (response.statusCode() < 200) {
                fail(new IllegalArgumentException("the protocol cannot be switched"));
                return;
            }
            response.exceptionHandler(this::fail);
            response.handler(chunk -> {
                received.appendBuffer(chunk);
                if (received.length() > Clients.RESPONSE_BYTES_MAX) {
                    fail(new Clients.ResponseTooLongException());
                }
            });
            response.endHandler(_ -> {
                if (end()) {
                    answer.complete(new HttpAnswer(
                            response.statusCode(),
                            response.headers().getAll(HttpHeaders.CONTENT_TYPE),
                            response.getHeader(HttpHeaders.RETRY_AFTER),
                            received));
                }
            });
        }

        private void fail(Throwable failure) {
            if (!end()) {
                return;
            }
            if (request != null) {
                request.reset(0, failure);
            }
            boolean wasIdle = reused && !hasHead && Clients.classify(failure) == Clients.Failure.ERROR;
            answer.fail(wasIdle ? new IdleConnectionClosedException(failure) : failure);
        }

        private boolean end() {
            boolean isFirst = !ended;
            ended = true;
            if (isFirst) {
                vertx.cancelTimer(timer);
            }
            return isFirst;
        }
    }
}
