package dtc.rest;

import dtc.security.Outbound;
import io.netty.handler.codec.DecoderException;
import io.quarkus.rest.client.reactive.QuarkusRestClientBuilder;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.microprofile.faulttolerance.exceptions.FaultToleranceException;
import org.jboss.resteasy.reactive.client.api.QuarkusRestClientProperties;

/** How MicroProfile REST clients are built here, and what their failures mean. */
public final class Clients {

    /** A body longer than this is not an answer to any message of ours. */
    private static final int ANSWER_BYTES_MAX = 256 * 1024;

    private static final int HEADER_BYTES_MAX = 16_384;

    private static final class AnswerTooLongException extends Exception {
        private AnswerTooLongException() {
            super("the answer is too long", null, false, false);
        }
    }

    /** How a call failed. */
    enum Failure {
        TIMEOUT,
        /** No connection came about, so the message was surely not received. */
        UNREACHABLE,
        /** What came back is no answer, or none that is taken. */
        GARBLED,
        ERROR
    }

    /**
     * What becomes of a connection after an answer. HTTP/1.1 answers carry no name: one too many, on a connection that
     * is kept, is taken for the answer to the next request, be it for another transaction or another resource manager
     * at the same address. A vote must not come about so.
     */
    public enum Reuse {
        /** For those that promise one answer to each request. */
        KEPT,
        CLOSED
    }

    private Clients() {}

    /**
     * Redirects are never followed, and statuses are answers, not exceptions. {@code timeout} bounds the whole of a
     * call, and its answer is cut off beyond {@link #ANSWER_BYTES_MAX}; both close the connection.
     */
    public static <T> T build(
            Vertx vertx, Class<T> api, URI base, Duration timeout, int connectionsMax, Reuse reuse, Outbound outbound) {
        QuarkusRestClientBuilder builder = QuarkusRestClientBuilder.newBuilder()
                .baseUri(base)
                .connectTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .readTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .followRedirects(false)
                .disableDefaultMapper(true)
                .enableCompression(false)
                .property(QuarkusRestClientProperties.CONNECTION_POOL_SIZE, connectionsMax)
                .property(QuarkusRestClientProperties.KEEP_ALIVE_ENABLED, reuse == Reuse.KEPT)
                .property(QuarkusRestClientProperties.MAX_HEADER_SIZE, HEADER_BYTES_MAX)
                .property(QuarkusRestClientProperties.DISABLE_CONTEXTUAL_ERROR_MESSAGES, true)
                .httpClientRequestCustomizer(outbound::prepare)
                .httpClientRequestCustomizer(request -> bound(vertx, request, timeout));
        if (outbound.tls() != null) {
            builder.tlsConfiguration(outbound.tls());
        }
        return builder.build(api);
    }

    /** The read timeout alone starts anew with each byte that drips in, and a body is gathered whole, however large. */
    private static void bound(Vertx vertx, HttpClientRequest request, Duration timeout) {
        long timer = vertx.setTimer(
                timeout.toMillis(), _ -> request.reset(0, new TimeoutException("no whole answer in time")));
        request.response().onComplete(head -> {
            if (head.failed()) {
                vertx.cancelTimer(timer);
                return;
            }
            HttpClientResponse response = head.result();
            response.end().onComplete(_ -> vertx.cancelTimer(timer));
            AtomicLong seen = new AtomicLong();
            response.handler(chunk -> {
                if (seen.addAndGet(chunk.length()) > ANSWER_BYTES_MAX) {
                    response.handler(null);
                    request.reset(0, new AnswerTooLongException());
                }
            });
        });
    }

    static Failure classify(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnknownHostException
                    || cause instanceof NoRouteToHostException
                    || (cause instanceof ConnectException && !isTimeout(cause))) {
                return Failure.UNREACHABLE;
            }
            if (isTimeout(cause)) {
                return Failure.TIMEOUT;
            }
            if (cause instanceof AnswerTooLongException
                    || cause instanceof DecoderException
                    || cause instanceof IllegalArgumentException) {
                return Failure.GARBLED;
            }
        }
        return Failure.ERROR;
    }

    private static boolean isTimeout(Throwable failure) {
        return failure instanceof TimeoutException
                || failure instanceof org.eclipse.microprofile.faulttolerance.exceptions.TimeoutException
                || failure.getClass().getSimpleName().contains("Timeout");
    }

    /** In words for a reason or a log: no class names, no addresses. */
    static String describe(Throwable failure) {
        return switch (classify(failure)) {
            case TIMEOUT -> "it did not answer in time";
            case UNREACHABLE -> "it could not be reached";
            case GARBLED -> "its answer was not HTTP, or too long";
            case ERROR ->
                failure instanceof FaultToleranceException || failure instanceof CompletionException
                        ? "the call to it failed"
                        : "the connection to it broke";
        };
    }
}
