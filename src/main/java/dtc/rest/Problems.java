package dtc.rest;

import dtc.runtime.Answer;
import dtc.runtime.Refusal;
import io.quarkiverse.resteasy.problem.HttpProblem;
import jakarta.ws.rs.core.Response.Status;
import jakarta.ws.rs.core.Response.StatusType;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Refusals and bad input as problem+json (RFC 9457). */
final class Problems {

    static final int INSUFFICIENT_STORAGE = 507;

    private static final Map<Refusal.Kind, Integer> STATUS = Map.ofEntries(
            Map.entry(Refusal.Kind.UNKNOWN_TRANSACTION, 404),
            Map.entry(Refusal.Kind.UNKNOWN_RESOURCE_MANAGER, 404),
            Map.entry(Refusal.Kind.WRONG_STATE, 409),
            Map.entry(Refusal.Kind.LIMIT_EXCEEDED, 400),
            Map.entry(Refusal.Kind.OVERLOADED, 503),
            Map.entry(Refusal.Kind.LOG_REFUSING, 503),
            Map.entry(Refusal.Kind.KEY_REUSED, 422),
            Map.entry(Refusal.Kind.SHUTTING_DOWN, 503),
            Map.entry(Refusal.Kind.RESOURCE_MANAGER_LAPSED, 503),
            Map.entry(Refusal.Kind.RESOURCE_MANAGER_FAILED, 502),
            Map.entry(Refusal.Kind.RESOURCE_MANAGER_SILENT, 504),
            Map.entry(Refusal.Kind.NO_ROOM, INSUFFICIENT_STORAGE),
            Map.entry(Refusal.Kind.NAME_TAKEN, 409),
            Map.entry(Refusal.Kind.HOST_NOT_ALLOWED, 403));

    /** What is wrong with one field of the input. */
    record Violation(String field, String message) {}

    private Problems() {}

    static <T> T given(Answer<T> answer) {
        return switch (answer) {
            case Answer.Given<T>(T value) -> value;
            case Answer.Refused<T>(Refusal refusal) -> throw of(refusal);
        };
    }

    static HttpProblem of(Refusal refusal) {
        int status = STATUS.getOrDefault(refusal.kind(), 500);
        HttpProblem.Builder problem = problem(refusal.kind().name(), status, refusal.detail());
        if (refusal.transaction() != null) {
            problem.with("transaction", refusal.transaction().toString());
        }
        if (refusal.resourceManager() != null) {
            problem.with("resourceManager", refusal.resourceManager());
        }
        if (status == 503) {
            problem.withHeader("Retry-After", "1");
        }
        return problem.build();
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

    static HttpProblem notFound(String detail) {
        return problem("NOT_FOUND", 404, detail).build();
    }

    static HttpProblem.Builder problem(String kind, int status, String detail) {
        return HttpProblem.builder()
                .withType(URI.create("urn:dtc:" + kind.toLowerCase(Locale.ROOT).replace('_', '-')))
                .withTitle(title(status))
                .withStatus(status)
                .withDetail(detail);
    }

    private static String title(int status) {
        StatusType known = Status.fromStatusCode(status);
        return known != null
                ? known.getReasonPhrase()
                : status == INSUFFICIENT_STORAGE ? "Insufficient Storage" : "Error";
    }
}
