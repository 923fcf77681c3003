package dtc.rest;

import dtc.protocol.Refusal;
import dtc.runtime.Answer;
import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.core.Response.Status;
import java.net.URI;
import java.util.List;
import java.util.Locale;

/** Error responses as problem+json (RFC 9457). */
public final class Problems {

    /** Describes the body of every error response, in the description of the API. */
    static final String API_DESCRIPTION =
            "A problem (RFC 9457): type, title, status, detail, and where it applies transaction, resourceManager,"
                    + " violations";

    static final int CONTENT_TOO_LARGE = 413;
    static final int MISDIRECTED = 421;
    static final int INSUFFICIENT_STORAGE = 507;

    /** An error in one field of the input. */
    @RegisterForReflection // serialized by the problem library, so Quarkus does not register it for native images
    record Violation(String field, String message) {}

    private Problems() {}

    static <T> T given(Answer<T> answer) {
        return switch (answer) {
            case Answer.Given<T>(T value) -> value;
            case Answer.Refused<T>(Refusal refusal) -> throw of(refusal);
        };
    }

    static HttpProblem of(Refusal refusal) {
        int status = status(refusal.kind());
        HttpProblem.Builder problem = problem(refusal.kind().name(), status, refusal.detail());
        if (refusal.transaction() != null) {
            problem.with("transaction", refusal.transaction().toString());
        }
        if (refusal.resourceManager() != null) {
            problem.with("resourceManager", refusal.resourceManager());
        }
        return problem.build();
    }

    private static int status(Refusal.Kind kind) {
        return switch (kind) {
            case UNKNOWN_TRANSACTION, UNKNOWN_RESOURCE_MANAGER -> 404;
            case WRONG_STATE, NAME_TAKEN -> 409;
            case LIMIT_EXCEEDED -> 400;
            case HOST_NOT_ALLOWED -> 403;
            case KEY_REUSED -> 422;
            case OVERLOADED, LOG_REFUSING, SHUTTING_DOWN, RESOURCE_MANAGER_LAPSED, UNDECIDED -> 503;
            case RESOURCE_MANAGER_FAILED -> 502;
            case RESOURCE_MANAGER_SILENT -> 504;
            case NO_ROOM -> INSUFFICIENT_STORAGE;
        };
    }

    static HttpProblem invalid(List<Violation> violations) {
        return problem(
                        "INVALID_INPUT",
                        400,
                        "The request is not valid: "
                                + String.join(
                                        "; ",
                                        violations.stream()
                                                .map(v -> v.field() + " " + v.message())
                                                .toList()))
                .with("violations", violations)
                .build();
    }

    public static HttpProblem notFound(String detail) {
        return problem("NOT_FOUND", 404, detail).build();
    }

    static HttpProblem.Builder problem(String kind, int status, String detail) {
        HttpProblem.Builder problem = HttpProblem.builder()
                .withType(URI.create("urn:dtc:" + kind.toLowerCase(Locale.ROOT).replace('_', '-')))
                .withTitle(title(status))
                .withStatus(status)
                .withDetail(detail);
        return status == 503 ? problem.withHeader("Retry-After", "1") : problem;
    }

    private static String title(int status) {
        return switch (status) {
            case CONTENT_TOO_LARGE -> "Content Too Large"; // Status still has the former reason phrase
            case MISDIRECTED -> "Misdirected Request";
            case INSUFFICIENT_STORAGE -> "Insufficient Storage";
            default -> {
                Status known = Status.fromStatusCode(status);
                yield known == null ? "Error" : known.getReasonPhrase();
            }
        };
    }

    /** Sends a problem. For handlers that run before the resources. */
    public static Future<Void> send(RoutingContext context, String kind, int status, String detail) {
        HttpProblem problem = problem(kind, status, detail).build();
        HttpServerResponse response = context.response().setStatusCode(status);
        problem.getHeaders().forEach((name, value) -> response.putHeader(name, value.toString()));
        return response.putHeader(HttpHeaders.CONTENT_TYPE, HttpProblem.MEDIA_TYPE.toString())
                .end(new JsonObject()
                        .put("type", String.valueOf(problem.getType()))
                        .put("title", problem.getTitle())
                        .put("status", problem.getStatusCode())
                        .put("detail", problem.getDetail())
                        .encode());
    }
}
