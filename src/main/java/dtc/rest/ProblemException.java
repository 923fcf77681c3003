package dtc.rest;

import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An error response as problem+json (RFC 9457). Created by {@link Problems}. */
public final class ProblemException extends RuntimeException {

    static final String MEDIA_TYPE = "application/problem+json";

    /** How long a client should wait after a 503 response. */
    static final String RETRY_AFTER_SECONDS = "1";

    private final int status;
    private final transient JsonObject document;
    private final transient Map<String, String> headers = new LinkedHashMap<>();

    ProblemException(String kind, int status, String detail) {
        super(detail, null, false, false);
        this.status = status;
        this.document = new JsonObject()
                .put("type", "urn:dtc:" + kind.toLowerCase(Locale.ROOT).replace('_', '-'))
                .put("title", Problems.title(status))
                .put("status", status)
                .put("detail", detail);
        withHeader(HttpHeaders.CONTENT_TYPE, MEDIA_TYPE);
        withHeader(HttpHeaders.CACHE_CONTROL, "no-store");
        if (status == Response.Status.SERVICE_UNAVAILABLE.getStatusCode()) {
            withHeader(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
    }

    /** Adds a member, unless the value is null. */
    ProblemException withMember(String name, @Nullable String value) {
        if (value != null) {
            document.put(name, value);
        }
        return this;
    }

    /** Adds the member {@code violations}. */
    ProblemException withViolations(List<Problems.Violation> violations) {
        document.put(
                "violations",
                new JsonArray(violations.stream()
                        .map(v -> Map.of("field", v.field(), "message", v.message()))
                        .toList()));
        return this;
    }

    /** Adds a header to the response. */
    ProblemException withHeader(String name, String value) {
        headers.put(name, value);
        return this;
    }

    int status() {
        return status;
    }

    String detail() {
        return document.getString("detail");
    }

    /** The body of the response: a page, or a JSON document. */
    String body(HttpServerRequest request) {
        return ErrorPage.isRequestedBy(request) ? ErrorPage.render(this, request) : json();
    }

    /** The JSON document. */
    String json() {
        return document.encode();
    }

    /** The headers of the response, without its length. */
    Map<String, String> headers(HttpServerRequest request) {
        Map<String, String> all = new LinkedHashMap<>(headers);
        if (ErrorPage.isRequestedBy(request)) {
            all.putAll(ErrorPage.headers());
        }
        return all;
    }

    /** The headers of the response with the JSON document. */
    Map<String, String> headers() {
        return headers;
    }

    Response toResponse(HttpServerRequest request) {
        Response.ResponseBuilder response = Response.status(status).entity(body(request));
        headers(request).forEach((name, value) -> {
            request.response().headers().remove(name); // set for the path; the framework would send both
            response.header(name, value);
        });
        return response.build();
    }
}
