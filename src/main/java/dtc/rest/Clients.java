package dtc.rest;

import dtc.security.Outbound;
import io.netty.handler.codec.DecoderException;
import io.quarkus.rest.client.reactive.QuarkusRestClientBuilder;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.client.ClientRequestContext;
import jakarta.ws.rs.client.ClientRequestFilter;
import jakarta.ws.rs.core.HttpHeaders;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.URI;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLHandshakeException;
import org.eclipse.microprofile.faulttolerance.exceptions.FaultToleranceException;
import org.jboss.resteasy.reactive.client.api.QuarkusRestClientProperties;
import org.jspecify.annotations.Nullable;

/** Builds MicroProfile REST clients and classifies their failures. */
public final class Clients {

    /** The maximum size of a response body. No valid response is longer. */
    static final int RESPONSE_BYTES_MAX = 256 * 1024;

    static final int HEADER_BYTES_MAX = 16_384;

    static final class ResponseTooLongException extends Exception {
        ResponseTooLongException() {
            super("the answer is too long", null, false, false);
        }
    }

    /** The cause of a failed call. */
    enum Failure {
        TIMEOUT,
        /** No connection was established, so the message was not received. */
        UNREACHABLE,
        /** The response is malformed or not acceptable. */
        MALFORMED,
        ERROR
    }

    private Clients() {}

    /**
     * Builds a client. It never follows redirects, and it returns error statuses as responses, not as exceptions.
     *
     * @param timeout the maximum time to open a connection, and from a request to the end of its response. The
     *     connection is then closed, as it is after a response body of more than {@link #RESPONSE_BYTES_MAX}.
     * @param connectionsMax maximum number of connections to one address
     * @param keepAlive whether connections are reused
     */
    public static <T> T build(
            Vertx vertx,
            Class<T> api,
            URI base,
            Duration timeout,
            int connectionsMax,
            boolean keepAlive,
            Outbound outbound) {
        QuarkusRestClientBuilder builder = QuarkusRestClientBuilder.newBuilder()
                .baseUri(base)
                .connectTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .readTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .followRedirects(false)
                .disableDefaultMapper(true)
                .enableCompression(false)
                .property(QuarkusRestClientProperties.KEEP_ALIVE_ENABLED, keepAlive)
                .property(QuarkusRestClientProperties.CONNECTION_POOL_SIZE, connectionsMax)
                .property(QuarkusRestClientProperties.MAX_HEADER_SIZE, HEADER_BYTES_MAX)
                .property(QuarkusRestClientProperties.DISABLE_CONTEXTUAL_ERROR_MESSAGES, true)
                .register((ClientRequestFilter) Clients::setZeroContentLength)
                .httpClientRequestCustomizer(request -> InterimResponses.discard(request.connection()))
                .httpClientRequestCustomizer(outbound::prepare)
                .httpClientRequestCustomizer(request -> limitResponse(vertx, request, timeout));
        if (outbound.tls() != null) {
            builder.tlsConfiguration(outbound.tls());
        }
        return builder.build(api);
    }

    /** Vert.x sends no length with a POST without a body. RFC 9110 recommends it, and some servers require it. */
    private static void setZeroContentLength(ClientRequestContext request) {
        if (request.getEntity() == null && request.getMethod().equals(HttpMethod.POST)) {
            request.getHeaders().putSingle(HttpHeaders.CONTENT_LENGTH, 0);
        }
    }

    /**
     * Limits the duration of the call and the size of the response. The read timeout alone is not enough, because it
     * restarts with each received byte, and the client buffers a body of any size.
     */
    private static void limitResponse(Vertx vertx, HttpClientRequest request, Duration timeout) {
        long timer = vertx.setTimer(
                timeout.toMillis(), _ -> request.reset(0, new TimeoutException("no complete response in time")));
        request.response().onComplete(head -> {
            if (head.failed()) {
                vertx.cancelTimer(timer);
                return;
            }
            HttpClientResponse response = head.result();
            response.end().onComplete(_ -> vertx.cancelTimer(timer));
            AtomicLong receivedBytes = new AtomicLong();
            response.handler(chunk -> {
                if (receivedBytes.addAndGet(chunk.length()) > RESPONSE_BYTES_MAX) {
                    response.handler(null);
                    request.reset(0, new ResponseTooLongException());
                }
            });
        });
    }

    static Failure classify(Throwable failure) {
        if (describeCertificateFault(failure) != null) {
            return Failure.UNREACHABLE;
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnknownHostException
                    || cause instanceof NoRouteToHostException
                    || (cause instanceof ConnectException && !isTimeout(cause))) {
                return Failure.UNREACHABLE;
            }
            if (isTimeout(cause)) {
                return Failure.TIMEOUT;
            }
            if (cause instanceof ResponseTooLongException
                    || cause instanceof DecoderException
                    || cause instanceof IllegalArgumentException) {
                return Failure.MALFORMED;
            }
        }
        return Failure.ERROR;
    }

    /**
     * Returns why this process refused the certificate of the server; null if it did not. If the server refused ours,
     * the reason is unknown here.
     */
    private static @Nullable String describeCertificateFault(Throwable failure) {
        boolean handshakeFailed = false;
        String fault = null;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            handshakeFailed |= cause instanceof SSLHandshakeException;
            if (cause instanceof CertificateExpiredException) {
                fault = "its certificate has expired";
            } else if (cause instanceof CertificateException && fault == null) {
                fault = "its certificate is not trusted, or is for another host";
            }
        }
        return handshakeFailed ? fault : null;
    }

    private static boolean isTimeout(Throwable failure) {
        return failure instanceof TimeoutException
                || failure instanceof org.eclipse.microprofile.faulttolerance.exceptions.TimeoutException
                || failure.getClass().getSimpleName().contains("Timeout");
    }

    /** Describes a failure for a reason or a log line, without class names and addresses. */
    static String describe(Throwable failure) {
        return switch (classify(failure)) {
            case TIMEOUT -> "it did not answer in time";
            case UNREACHABLE ->
                Objects.requireNonNullElse(describeCertificateFault(failure), "it could not be reached");
            case MALFORMED -> "its answer was not HTTP, or too long";
            case ERROR ->
                failure instanceof FaultToleranceException || failure instanceof CompletionException
                        ? "the call failed"
                        : "the connection was lost";
        };
    }
}
