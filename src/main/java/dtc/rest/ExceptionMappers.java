package dtc.rest;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import dtc.rest.Problems.Violation;
import dtc.runtime.participant.StoreException;
import io.vertx.core.http.HttpServerRequest;
import jakarta.inject.Singleton;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import org.jspecify.annotations.Nullable;

/** Converts exceptions of the resources and of Quarkus REST to problem documents. */
@Singleton
final class ExceptionMappers {

    private static final String JSON_LIMITS_MESSAGE = String.format(
            Locale.ROOT,
            "exceeds a limit of JSON: %d characters of a number, %d of a name, %d levels of nesting",
            StreamReadConstraints.defaults().getMaxNumberLength(),
            StreamReadConstraints.defaults().getMaxNameLength(),
            StreamReadConstraints.defaults().getMaxNestingDepth());

    @ServerExceptionMapper
    Response handleProblem(ProblemException problem, HttpServerRequest request) {
        return problem.toResponse(request);
    }

    /** Handles JSON of the wrong type. Replaces a mapper of Quarkus REST. */
    @ServerExceptionMapper
    Response handleMismatchedInput(MismatchedInputException exception, HttpServerRequest request) {
        return malformedJsonProblem(exception).toResponse(request);
    }

    @ServerExceptionMapper
    Response handleWebApplicationException(WebApplicationException exception, UriInfo uri, HttpServerRequest request) {
        int status = exception.getResponse().getStatus();
        if (status >= 500 || findCause(JsonProcessingException.class, exception) != null) {
            return handleUnexpected(exception, request);
        }
        // Quarkus REST also throws 404 if the path exists in another resource class with other methods. A 404 of the
        // resources themselves is a ProblemException.
        String allow = status == 404 || status == 405
                ? Operations.allowHeader(
                        RequestPath.decodeUnreserved(uri.getRequestUri().getRawPath()))
                : "";
        if (status == 405 && allow.isEmpty()) {
            // A console page. Quarkus REST does not list the methods if the path has dot segments.
            Set<String> methods = exception.getResponse().getAllowedMethods();
            allow = methods.isEmpty() ? "GET" : String.join(", ", new TreeSet<>(methods));
        }
        ProblemException problem = allow.isEmpty()
                ? Problems.forStatus(status)
                : Problems.forStatus(405).withHeader(HttpHeaders.ALLOW, allow);
        return problem.toResponse(request);
    }

    /** Returns no details, because they name the database. The log contains them. */
    @ServerExceptionMapper
    Response handleStoreException(StoreException exception, HttpServerRequest request) {
        return Problems.create(
                        "STORAGE_UNAVAILABLE",
                        503,
                        "the storage of this resource manager is not available: whether the message has an effect is"
                                + " unknown")
                .toResponse(request);
    }

    @ServerExceptionMapper
    Response handleUnexpected(Throwable failure, HttpServerRequest request) {
        JsonProcessingException malformed = findCause(JsonProcessingException.class, failure);
        return (malformed == null ? Problems.unexpected(failure) : malformedJsonProblem(malformed)).toResponse(request);
    }

    private static ProblemException malformedJsonProblem(JsonProcessingException malformed) {
        return Problems.invalidInput(List.of(toViolation(malformed)));
    }

    /** Returns the first failure of a type among a failure and its causes; null if there is none. */
    private static <T extends Throwable> @Nullable T findCause(Class<T> type, Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (type.isInstance(cause)) {
                return type.cast(cause);
            }
        }
        return null;
    }

    private static Violation toViolation(JsonProcessingException malformed) {
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
            case JsonProcessingException limit
            when findCause(StreamConstraintsException.class, limit) != null -> JSON_LIMITS_MESSAGE;
            case Utf8Input.NotUtf8Exception _ -> "must be UTF-8";
            case UnrecognizedPropertyException _ -> "is not a known property";
            case JsonMappingException mapping when !mapping.getPath().isEmpty() -> "has the wrong type or is malformed";
            default -> "is not well-formed JSON of the expected shape";
        };
        return new Violation(field, message + position);
    }
}
