package dtc.rest;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import dtc.rest.Problems.Violation;
import dtc.security.ApiAccess;
import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkiverse.resteasy.problem.postprocessing.ProblemContext;
import io.quarkiverse.resteasy.problem.postprocessing.ProblemPostProcessor;
import io.quarkus.vertx.http.runtime.VertxHttpConfig;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import org.jspecify.annotations.Nullable;

/** Converts errors that are not thrown by our resources to problem+json. */
@Singleton
public class Edge implements ProblemPostProcessor {

    private static final Logger LOG = Logger.getLogger(Edge.class);

    /** The time for which the rest of a body that is too large is read and discarded. */
    private static final long DISCARD_MILLIS = 2_000;

    /**
     * Limits the size of request bodies. Runs before the server's own check, which responds without a body, and after
     * {@link ApiAccess}, so that bodies of refused requests are not buffered. A body of undeclared length is buffered
     * up to the limit.
     */
    void limitBodies(@Observes Router router, VertxHttpConfig http) {
        long bodyBytesMax =
                http.limits().maxBodySize().map(size -> size.asLongValue()).orElse(Long.MAX_VALUE);
        BodyHandler bodyHandler = BodyHandler.create(false).setBodyLimit(bodyBytesMax);
        router.route()
                .order(ApiAccess.ORDER + 1)
                .handler(context -> {
                    if (declaredLength(context) > bodyBytesMax) {
                        tooLarge(context, bodyBytesMax);
                    } else if (context.request().headers().contains(HttpHeaders.TRANSFER_ENCODING)) {
                        bodyHandler.handle(context); // the length is not declared
                    } else {
                        context.next();
                    }
                })
                .failureHandler(context -> {
                    if (context.statusCode() == Problems.CONTENT_TOO_LARGE) {
                        tooLarge(context, bodyBytesMax);
                    } else {
                        context.next();
                    }
                });
    }

    private static long declaredLength(RoutingContext context) {
        String length = context.request().getHeader(HttpHeaders.CONTENT_LENGTH);
        try {
            return length == null ? 0 : Long.parseLong(length);
        } catch (NumberFormatException _) {
            return 0; // the server refuses the request
        }
    }

    private static void tooLarge(RoutingContext context, long bodyBytesMax) {
        if (context.response().headWritten()) {
            return;
        }
        if (context.request().version() != HttpVersion.HTTP_2) {
            context.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
        Problems.send(
                        context,
                        "BODY_TOO_LARGE",
                        Problems.CONTENT_TOO_LARGE,
                        String.format(Locale.ROOT, "a body may have %d bytes at most", bodyBytesMax))
                .onComplete(_ -> closeAfterBody(context.vertx(), context.request()));
    }

    /**
     * Reads and discards the rest of the body for a limited time, then closes the connection. Closing it immediately
     * would reset it, and the client might not receive the response.
     */
    private static void closeAfterBody(Vertx vertx, HttpServerRequest request) {
        if (request.isEnded()) {
            request.connection().close();
            return;
        }
        long timer = vertx.setTimer(DISCARD_MILLIS, _ -> request.connection().close());
        request.exceptionHandler(_ -> vertx.cancelTimer(timer));
        request.endHandler(_ -> {
            vertx.cancelTimer(timer);
            request.connection().close();
        });
        request.handler(_ -> {});
        request.resume();
    }

    /**
     * Adds a type to problems that libraries create. For malformed JSON, or JSON of the wrong type, the problem
     * contains the position of the error and does not expose class names. Unexpected failures are logged here, because
     * the library would also log every refusal.
     */
    @Override
    public HttpProblem apply(HttpProblem problem, ProblemContext context) {
        if (problem.getStatusCode() == 500) {
            LOG.error("unexpected failure", context.cause);
        }
        JsonProcessingException malformed = malformed(context.cause);
        if (malformed != null) {
            return Problems.invalid(List.of(violation(malformed)));
        }
        return problem.getType() == null
                ? HttpProblem.builder(problem)
                        .withType(URI.create("urn:dtc:http-" + problem.getStatusCode()))
                        .build()
                : problem;
    }

    /** Handles JSON of the wrong type, for which the server would respond without a body. */
    @ServerExceptionMapper
    Response mismatched(MismatchedInputException mismatched) {
        return Problems.invalid(List.of(violation(mismatched))).toResponse();
    }

    private static @Nullable JsonProcessingException malformed(@Nullable Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof JsonProcessingException malformed) {
                return malformed;
            }
        }
        return null;
    }

    private static Violation violation(JsonProcessingException malformed) {
        String field = malformed instanceof JsonMappingException mapping
                        && !mapping.getPath().isEmpty()
                ? mapping.getPath().stream()
                        .map(step ->
                                step.getFieldName() == null ? "[" + step.getIndex() + "]" : "." + step.getFieldName())
                        .collect(Collectors.joining())
                        .replaceFirst("^\\.", "")
                : "body";
        JsonLocation at = malformed.getLocation();
        String position =
                at == null ? "" : String.format(Locale.ROOT, " (line %d, column %d)", at.getLineNr(), at.getColumnNr());
        String message = switch (malformed) {
            case UnrecognizedPropertyException _ -> "is not a known property";
            case JsonMappingException mapping when !mapping.getPath().isEmpty() -> "has the wrong type or is malformed";
            default -> "is not well-formed JSON of the expected shape";
        };
        return new Violation(field, message + position);
    }
}
