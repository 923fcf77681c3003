package dtc.rest;

import io.vertx.core.buffer.Buffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A response of a resource manager, or of anything else that answered in its place. Untrusted input.
 *
 * @param contentTypes the values of all headers {@code Content-Type}
 * @param retryAfter the value of the header {@code Retry-After}; null if there is none
 */
record HttpAnswer(
        int status, List<String> contentTypes, @Nullable String retryAfter, Buffer body) {

    /** Whether there is exactly one content type, and it is this one. Parameters and case do not matter. */
    boolean is(String mediaType) {
        return contentTypes.size() == 1 && mediaType().equalsIgnoreCase(mediaType);
    }

    /** The content type without parameters; empty if there is none. */
    String mediaType() {
        return contentTypes.isEmpty()
                ? ""
                : contentTypes.getFirst().split(";", 2)[0].strip();
    }
}
