package dtc.rest;

import dtc.runtime.OutOfMemory;
import dtc.security.ApiAccess;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.vertx.http.ManagementInterface;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.StreamResetException;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.util.List;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;

/**
 * Checks requests before they reach the resources, sets the headers that all responses have, and answers requests that
 * fail outside the resources with a problem document.
 */
@Singleton
final class RequestChecks {

    private static final Logger LOG = Logger.getLogger(RequestChecks.class);

    /** Before the authentication handler of Quarkus (-200), so that its responses also have the headers. */
    private static final int HEADERS_ORDER = -300;

    /** After authentication and authorization, so that other callers cannot find out which paths exist. */
    private static final int CHECK_ORDER = ApiAccess.ORDER + 1;

    private static final int FAILURE_ORDER = ApiAccess.ORDER + 4;

    /** GET requests with a small response, including probes. */
    private static final Pattern SMALL_RESPONSE =
            Pattern.compile("/(transactions/[^/]+(/outcome)?|resource-managers/[^/]+|q/health.*)");

    private static final String JSON = "application/json";

    private final RequestMemory memory;
    private volatile boolean stopping;

    RequestChecks(RequestMemory memory) {
        this.memory = memory;
    }

    void install(@Observes Router router) {
        router.route().order(HEADERS_ORDER).handler(this::setHeaders);
        router.route().order(CHECK_ORDER).handler(RequestChecks::checkPath).handler(this::checkRequest);
        addFailureHandlers(router);
    }

    void installOnManagementPort(@Observes ManagementInterface management) {
        management.router().route().order(HEADERS_ORDER).handler(this::setHeaders);
        management.router().route().order(CHECK_ORDER).handler(RequestChecks::checkPath);
        addFailureHandlers(management.router());
    }

    private static void addFailureHandlers(Router router) {
        router.route().order(FAILURE_ORDER).failureHandler(RequestChecks::handleFailure);
        for (int status : new int[] {400, 404, 405, 406, 413, 415, 500}) {
            router.errorHandler(status, RequestChecks::handleFailure);
        }
    }

    void onShutdownStarted(@Observes ShutdownDelayInitiatedEvent event) {
        stopping = true;
    }

    private void setHeaders(RoutingContext context) {
        HttpServerResponse response = context.response();
        response.putHeader(HttpHeaders.DATE, HttpDate.now());
        if (RequestPath.isApi(RequestPath.of(context.request()))) {
            response.putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
        }
        if (stopping) {
            response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
        context.next();
    }

    private static void checkPath(RoutingContext context) {
        String path = RequestPath.of(context.request());
        String fault = RequestPath.findFault(path);
        if (fault != null) {
            refuse(context, Problems.invalidParameter("path", fault));
        } else if (RequestPath.isManagement(path)
                && !isReadOnly(context.request().method())) {
            refuse(context, Problems.forStatus(405).withHeader(HttpHeaders.ALLOW.toString(), "GET, HEAD, OPTIONS"));
        } else {
            context.next();
        }
    }

    /** Quarkus handles any method like GET. Dev mode pages also support other methods. */
    private static boolean isReadOnly(HttpMethod method) {
        return method.equals(HttpMethod.GET)
                || method.equals(HttpMethod.HEAD)
                || method.equals(HttpMethod.OPTIONS)
                || LaunchMode.current() == LaunchMode.DEVELOPMENT;
    }

    private static void refuse(RoutingContext context, ProblemException problem) {
        context.request().resume(); // the rest of the body is discarded
        Problems.send(context, problem);
    }

    private void checkRequest(RoutingContext context) {
        HttpServerRequest request = context.request();
        String path = RequestPath.of(request);
        if (memory.hasTooMuchUnsent() && mayHaveLargeResponse(request, path)) {
            Problems.send(
                    context,
                    Problems.forStatus(503, "responses that clients have not read use too much memory at the moment"));
            return;
        }
        if (!RequestPath.isApi(path)) {
            context.next();
        } else if (isEncoded(request)) {
            refuse(context, Problems.forStatus(415, "the body must not have a Content-Encoding"));
        } else if (request.method().equals(HttpMethod.OPTIONS)) {
            handleOptions(context, path);
        } else {
            addJsonToAccept(request);
            context.next();
        }
    }

    private static boolean mayHaveLargeResponse(HttpServerRequest request, String path) {
        return request.method().equals(HttpMethod.GET)
                && !SMALL_RESPONSE.matcher(path).matches();
    }

    private static boolean isEncoded(HttpServerRequest request) {
        return request.headers().contains(HttpHeaders.CONTENT_ENCODING)
                && !request.headers().getAll(HttpHeaders.CONTENT_ENCODING).stream()
                        .allMatch("identity"::equalsIgnoreCase);
    }

    /** Answers OPTIONS. Quarkus REST would return the methods of all paths of a class. */
    private static void handleOptions(RoutingContext context, String path) {
        String allow = Operations.allowHeader(path);
        if (allow.isEmpty()) {
            Problems.send(context, Problems.forStatus(404));
        } else {
            context.response()
                    .setStatusCode(204)
                    .putHeader(HttpHeaders.ALLOW, allow)
                    .end();
        }
    }

    /**
     * Adds JSON to an Accept header that allows only problem documents, as some generated clients send it. A server may
     * respond regardless of Accept (RFC 9110, section 12.4.1).
     */
    private static void addJsonToAccept(HttpServerRequest request) {
        List<String> accepted = request.headers().getAll(HttpHeaders.ACCEPT);
        if (accepted.stream().anyMatch(value -> value.contains(ProblemException.MEDIA_TYPE))) {
            request.headers().set(HttpHeaders.ACCEPT, String.join(", ", accepted) + ", " + JSON);
        }
    }

    private static void handleFailure(RoutingContext context) {
        Throwable failure = context.failure();
        OutOfMemory.check(failure);
        int status = context.statusCode();
        if (failure instanceof HttpClosedException
                || failure instanceof StreamResetException
                || failure instanceof IOException) {
            LOG.debugf("a client closed its connection: %s", failure.getMessage());
            context.request().connection().close();
        } else if (failure instanceof ProblemException problem) {
            Problems.send(context, problem);
        } else if (status >= 400 && status < 500) {
            Problems.send(context, Problems.forStatus(status));
        } else {
            Problems.send(context, Problems.unexpected(failure));
        }
    }
}
