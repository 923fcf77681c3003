package dtc.rest;

import dtc.protocol.Refusal;
import dtc.runtime.Answer;
import dtc.runtime.OutOfMemory;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.core.Response.Status;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Error responses as problem+json (RFC 9457), or as pages for browsers on paths of the console. */
public final class Problems {

    private static final Logger LOG = Logger.getLogger(Problems.class);

    static final int CONTENT_TOO_LARGE = 413;
    static final int MISDIRECTED = 421;
    static final int UNPROCESSABLE_CONTENT = 422;
    static final int INSUFFICIENT_STORAGE = 507;

    /** An error in one field of the input. */
    record Violation(String field, String message) {}

    private Problems() {}

    static <T> T valueOrThrow(Answer<T> answer) {
        return switch (answer) {
            case Answer.Given<T>(T value) -> value;
            case Answer.Refused<T>(Refusal refusal) -> throw fromRefusal(refusal);
        };
    }

    /** Returns the value of an asynchronous call. A refusal is a failure. */
    static <T> Uni<T> toUni(Supplier<CompletionStage<Answer<T>>> call) {
        return Uni.createFrom().completionStage(call).map(Problems::valueOrThrow);
    }

    static ProblemException fromRefusal(Refusal refusal) {
        return create(refusal.kind().name(), status(refusal.kind()), refusal.detail())
                .withMember(
                        "transaction",
                        refusal.transaction() == null
                                ? null
                                : refusal.transaction().toString())
                .withMember("resourceManager", refusal.resourceManager());
    }

    private static int status(Refusal.Kind kind) {
        return switch (kind) {
            case UNKNOWN_TRANSACTION, UNKNOWN_RESOURCE_MANAGER -> 404;
            case WRONG_STATE, NAME_TAKEN, NOT_SUPPORTED -> 409;
            case LIMIT_EXCEEDED -> 400;
            case HOST_NOT_ALLOWED -> 403;
            case KEY_REUSED -> UNPROCESSABLE_CONTENT;
            case OVERLOADED, LOG_REFUSING, SHUTTING_DOWN, RESOURCE_MANAGER_LAPSED, UNDECIDED -> 503;
            case RESOURCE_MANAGER_FAILED -> 502;
            case RESOURCE_MANAGER_UNRESPONSIVE -> 504;
            case NO_ROOM -> INSUFFICIENT_STORAGE;
        };
    }

    static ProblemException invalidInput(List<Violation> violations) {
        String list =
                violations.stream().map(v -> v.field() + " " + v.message()).collect(Collectors.joining("; "));
        return create("INVALID_INPUT", 400, "The request is not valid: " + list).withViolations(violations);
    }

    public static ProblemException invalidParameter(String name, String message) {
        return invalidInput(List.of(new Violation(name, message)));
    }

    public static ProblemException notFound(String detail) {
        return create("NOT_FOUND", 404, detail);
    }

    /** Logs the failure of a request that is a fault of this process. */
    static ProblemException unexpected(@Nullable Throwable failure) {
        OutOfMemory.check(failure);
        LOG.error("unexpected failure", failure);
        return create("UNEXPECTED_FAILURE", 500, "unexpected failure; the application log contains the details");
    }

    /** Creates a problem for a status of the server or of Quarkus REST, whose own messages contain class names. */
    static ProblemException forStatus(int status) {
        return forStatus(status, defaultDetail(status));
    }

    static ProblemException forStatus(int status, String detail) {
        return create("HTTP_" + status, status, detail);
    }

    static ProblemException create(String kind, int status, String detail) {
        return new ProblemException(kind, status, detail);
    }

    private static String defaultDetail(int status) {
        return switch (status) {
            case 404 -> "there is no resource at this path";
            case 405 -> "the method is not supported at this path";
            case 406 -> "the header Accept must allow application/json, the type of the response";
            case 408 -> "the request was not received in time";
            case CONTENT_TOO_LARGE -> "the body is too large";
            case 414 -> "the request line is too long";
            case 415 -> "the body must be application/json";
            case 431 -> "the headers are too long";
            case 503 -> "the process is overloaded or shutting down";
            default -> status < 500 ? "the request is malformed" : "the request failed";
        };
    }

    static String title(int status) {
        return switch (status) {
            case CONTENT_TOO_LARGE -> "Content Too Large"; // Status still has the former reason phrase
            case MISDIRECTED -> "Misdirected Request";
            case UNPROCESSABLE_CONTENT -> "Unprocessable Content";
            case INSUFFICIENT_STORAGE -> "Insufficient Storage";
            default -> {
                Status known = Status.fromStatusCode(status);
                yield known == null ? "Error" : known.getReasonPhrase();
            }
        };
    }

    /** Sends a problem, for handlers that run before the resources. */
    public static Future<Void> send(RoutingContext context, String kind, int status, String detail) {
        return send(context, create(kind, status, detail));
    }

    static Future<Void> send(RoutingContext context, ProblemException problem) {
        HttpServerResponse response = context.response();
        if (response.headWritten()) {
            context.request().connection().close(); // the response cannot be completed
            return Future.succeededFuture();
        }
        response.putHeader(HttpHeaders.DATE, HttpDate.now()); // a request for "*" passes no other handler
        problem.headers(context.request()).forEach(response::putHeader);
        return response.setStatusCode(problem.status()).end(problem.body(context.request()));
    }
}
