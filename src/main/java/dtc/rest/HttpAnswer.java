package dtc.rest;

import io.vertx.core.buffer.Buffer;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A response to a message, from the resource manager or from a proxy. Untrusted input.
 *
 * @param contentTypes the values of all headers {@code Content-Type}
 * @param retryAfter the value of the header {@code Retry-After}; null if there is none
 */
record HttpAnswer(
        int status, List<String> contentTypes, @Nullable String retryAfter, Buffer body) {

    static HttpAnswer of(Response response) {
        return new HttpAnswer(
                response.getStatus(),
                response.getStringHeaders().getOrDefault(HttpHeaders.CONTENT_TYPE, List.of()),
                response.getHeaderString(HttpHeaders.RETRY_AFTER),
                readBody(response));
    }

    /** Returns the bytes of the body, regardless of the content type. The client has received all of them. */
    private static Buffer readBody(Response response) {
        if (!(response.getEntity() instanceof InputStream body)) {
            return Buffer.buffer();
        }
        try (body) {
            return Buffer.buffer(body.readNBytes(body.available()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether this is the only content type. Ignores parameters and case. */
    boolean hasMediaType(String mediaType) {
        return contentTypes.size() == 1 && mediaType().equalsIgnoreCase(mediaType);
    }

    /** The content type without parameters; empty if there is none. */
    String mediaType() {
        return contentTypes.isEmpty()
                ? ""
                : contentTypes.getFirst().split(";", 2)[0].strip();
    }
}
