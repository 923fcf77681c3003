package dtc.rest;

import dtc.runtime.coordinator.WaitCondition;
import dtc.runtime.coordinator.WaitCondition.Until;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The preferences of a client (RFC 7240): {@code respond-async} (do not wait for the delivery of the outcome) and
 * {@code wait} (the maximum wait). Other preferences and malformed values are ignored.
 *
 * @param waitMax the maximum wait; null if the client does not limit it
 */
record Preferences(boolean respondAsync, @Nullable Duration waitMax) {

    static final Preferences NONE = new Preferences(false, null);

    private static final int COUNT_MAX = 16;
    private static final Pattern WAIT = Pattern.compile("wait\\s*=\\s*\"?(\\d{1,6})\"?", Pattern.CASE_INSENSITIVE);

    /** @param headers the values of the header, each of which may be a list. A preference may have parameters. */
    static Preferences parse(List<String> headers) {
        if (headers.isEmpty()) {
            return NONE;
        }
        boolean respondAsync = false;
        Duration wait = null;
        for (String preference : String.join(",", headers).split(",", COUNT_MAX)) {
            String text = preference.split(";", 2)[0].strip();
            Matcher matcher = WAIT.matcher(text);
            if (text.equalsIgnoreCase(Headers.RESPOND_ASYNC)) {
                respondAsync = true;
            } else if (wait == null && matcher.matches()) {
                wait = Duration.ofSeconds(Integer.parseInt(matcher.group(1)));
            }
        }
        return new Preferences(respondAsync, wait);
    }

    WaitCondition waitCondition() {
        if (waitMax == null) {
            return respondAsync ? WaitCondition.DECIDED : WaitCondition.ENDED;
        }
        return new WaitCondition(Until.ENDED, waitMax);
    }

    /** The value of the header {@code Preference-Applied}; empty if there is none. */
    String applied() {
        List<String> applied = new ArrayList<>(2);
        if (respondAsync) {
            applied.add(Headers.RESPOND_ASYNC);
        }
        if (waitMax != null) {
            applied.add("wait=" + waitMax.toSeconds());
        }
        return String.join(", ", applied);
    }
}
