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
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import org.jspecify.annotations.Nullable;

/** Errors that no resource of ours throws, as problem+json all the same. */
@Singleton
public class Edge implements ProblemPostProcessor {

    private static final Logger LOG = Logger.getLogger(Edge.class);

    /** How long the rest of a body that is too large is read and dropped. */
    private static final long DROPPING_MILLIS = 2_000;

    /** What a path answers in a process without the role that it belongs to. */
    public static HttpProblem notHere() {
        return Problems.notFound("this process does not coordinate");
    }

    /**
     * Ahead of the server's own check, which answers without a body; behind the guard, so that nothing is gathered of
     * those that it does not let in. A body of unknown length is cut off later.
     */
    void limitBodies(@Observes Router router, VertxHttpConfig http) {
        long bodyBytesMax =
                http.limits().maxBodySize().map(size -> size.asLongValue()).orElse(Long.MAX_VALUE);
        BodyHandler gather = BodyHandler.create(false).setBodyLimit(bodyBytesMax);
        router.route()
                .order(ApiAccess.ORDER + 1)
                .handler(context -> {
                    if (declaredLength(context) > bodyBytesMax) {
                        tooLarge(context, bodyBytesMax);
                    } else if (context.request().headers().contains(HttpHeaders.TRANSFER_ENCODING)) {
                        gather.handle(context); // of a length that only its end will tell
                    } else {
                        context.next();
                    }
                })
                .failureHandler(context -> {
                    if (context.statusCode() == 413) {
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
            return 0; // the server refuses it
        }
    }

    private static void tooLarge(RoutingContext context, long bodyBytesMax) {
        if (context.response().headWritten()) {
            return;
        }
        if (context.request().version() != HttpVersion.HTTP_2) {
            context.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
        context.response()
                .setStatusCode(413)
                .putHeader(HttpHeaders.CONTENT_TYPE, HttpProblem.MEDIA_TYPE.toString())
                .end("{\"type\":\"urn:dtc:body-too-large\",\"title\":\"Content Too Large\",\"status\":413,"
                        + "\"detail\":\"a body may have %d bytes at most\"}".formatted(bodyBytesMax))
                .onComplete(_ -> closeAfterBody(context.vertx(), context.request()));
    }

    /**
     * What still comes is read and dropped for a while: a connection closed upon it is reset, and its client would see
     * that rather than the answer.
     */
    private static void closeAfterBody(Vertx vertx, HttpServerRequest request) {
        if (request.isEnded()) {
            request.connection().close();
            return;
        }
        long timer = vertx.setTimer(DROPPING_MILLIS, _ -> request.connection().close());
        request.exceptionHandler(_ -> vertx.cancelTimer(timer));
        request.endHandler(_ -> {
            vertx.cancelTimer(timer);
            request.connection().close();
        });
        request.handler(_ -> {});
        request.resume();
    }

    /**
     * Gives problems that others made a type, and those of malformed JSON, or JSON of the wrong shape, a place but
     * nothing of our classes. An unexpected failure is logged here, since the library's log would hold every refusal
     * too.
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

    /** JSON of the wrong shape, which the server would answer without a body. */
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
        String where = at == null ? "" : " (line %d, column %d)".formatted(at.getLineNr(), at.getColumnNr());
        String what = switch (malformed) {
            case UnrecognizedPropertyException _ -> "is not a known property";
            case JsonMappingException mapping when !mapping.getPath().isEmpty() -> "has the wrong type or is malformed";
            default -> "is not well-formed JSON of the expected shape";
        };
        return new Violation(field, what + where);
    }
}
