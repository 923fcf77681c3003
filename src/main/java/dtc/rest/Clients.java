package dtc.rest;

import io.quarkus.rest.client.reactive.QuarkusRestClientBuilder;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.microprofile.faulttolerance.exceptions.FaultToleranceException;

/** How MicroProfile REST clients are built here, and what their failures mean. */
public final class Clients {

    /** A body longer than this is not an answer to any message of ours. */
    static final int ANSWER_CHARS_MAX = 65_536;

    /** How a call failed. */
    enum Failure {
        TIMEOUT,
        /** No connection came about, so the message was surely not received. */
        UNREACHABLE,
        ERROR
    }

    private Clients() {}

    /** Redirects are never followed, and statuses are answers, not exceptions. */
    public static <T> T build(Class<T> api, URI base, Duration readTimeout, int connectionsMax) {
        return QuarkusRestClientBuilder.newBuilder()
                .baseUri(base)
                .connectTimeout(readTimeout.toMillis(), TimeUnit.MILLISECONDS)
                .readTimeout(readTimeout.toMillis(), TimeUnit.MILLISECONDS)
                .followRedirects(false)
                .property("microprofile.rest.client.disable.default.mapper", true)
                .property("io.quarkus.rest.client.connection-pool-size", connectionsMax)
                .property("io.quarkus.rest.client.capture-stacktrace", false)
                .build(api);
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
            case ERROR ->
                failure instanceof FaultToleranceException || failure instanceof CompletionException
                        ? "the call to it failed"
                        : "the connection to it broke, or its answer was not HTTP";
        };
    }
}
