package dtc.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request to the resource manager and its response.
 *
 * @param sent the request as text
 * @param response null if there is none
 * @param failure why there is no response; empty if there is one
 */
record Exchange(String sent, @Nullable Response response, String failure, Duration elapsed) {

    private static final int SHOWN_CHARS_MAX = 500;

    /**
     * A response.
     *
     * @param headers the values of each header, whose name is in lower case
     */
    record Response(int status, Map<String, List<String>> headers, String body) {

        /** The media type in lower case, without parameters; empty if there is none. */
        String mediaType() {
            List<String> types = headers.getOrDefault("content-type", List.of());
            return types.isEmpty()
                    ? ""
                    : types.getFirst().split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        }
    }

    /** The status; 0 if there is no response. */
    int status() {
        return response == null ? 0 : response.status();
    }

    /** Whether the response has this media type. */
    boolean is(String mediaType) {
        return response != null && response.mediaType().equals(mediaType);
    }

    /** The JSON document of the response; missing if there is none. */
    JsonNode json() {
        return JsonDocuments.parse(response == null ? "" : response.body());
    }

    /** What was received, as text. */
    String received() {
        String after = " after " + elapsed.toMillis() + " ms";
        if (response == null) {
            return "no answer: " + failure + after;
        }
        String type = response.mediaType();
        return response.status()
                + (type.isEmpty() ? "" : " " + type)
                + (response.body().isEmpty() ? "" : " " + shortened(response.body()))
                + after;
    }

    static String shortened(String text) {
        String line = text.replaceAll("\\s+", " ").strip();
        return line.length() <= SHOWN_CHARS_MAX
                ? line
                : line.substring(0, SHOWN_CHARS_MAX) + "… (" + text.length() + " characters)";
    }
}
