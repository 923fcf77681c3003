package dtc.rest;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** The header {@code Date} (RFC 9110, section 6.6.1), formatted once a second. */
final class HttpDate {

    private record Formatted(long second, String text) {}

    private static final DateTimeFormatter FORMAT =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH);

    private static volatile Formatted last = new Formatted(0, "");

    private HttpDate() {}

    static String now() {
        long second = System.currentTimeMillis() / 1000;
        Formatted formatted = last;
        if (formatted.second() != second) {
            formatted = new Formatted(
                    second, FORMAT.format(Instant.ofEpochSecond(second).atOffset(ZoneOffset.UTC)));
            last = formatted;
        }
        return formatted.text();
    }
}
