package dtc.protocol;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Formats text for logs and web pages. */
public final class PlainText {

    /** Units of time, longest first. */
    private static final List<Map.Entry<String, Duration>> UNITS = List.of(
            Map.entry("day", Duration.ofDays(1)),
            Map.entry("hour", Duration.ofHours(1)),
            Map.entry("minute", Duration.ofMinutes(1)),
            Map.entry("second", Duration.ofSeconds(1)));

    /** Units and their binary exponents, largest first. */
    private static final List<Map.Entry<String, Integer>> BYTE_UNITS =
            List.of(Map.entry("GiB", 30), Map.entry("MiB", 20), Map.entry("KiB", 10));

    private PlainText() {}

    /** Returns the text as one line, truncated to {@code codePointsMax} code points. Prevents log injection. */
    public static String singleLine(String text, int codePointsMax) {
        return text.codePoints()
                .limit(codePointsMax)
                .map(c -> isPlain(c) ? c : ' ')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    /** Returns a duration in words, such as "7 days", in the largest unit that expresses it as a whole number. */
    public static String formatDuration(Duration duration) {
        for (Map.Entry<String, Duration> unit : UNITS) {
            long millis = unit.getValue().toMillis();
            if (duration.toMillis() >= millis && duration.toMillis() % millis == 0) {
                long count = duration.toMillis() / millis;
                return count + " " + unit.getKey() + (count == 1 ? "" : "s");
            }
        }
        return duration.toMillis() + " milliseconds";
    }

    /** Returns a size with at least two digits, such as "64 MiB", rounded down. */
    public static String formatBytes(long bytes) {
        for (Map.Entry<String, Integer> unit : BYTE_UNITS) {
            if (bytes >> unit.getValue() >= 10) {
                return (bytes >> unit.getValue()) + " " + unit.getKey();
            }
        }
        return bytes + (bytes == 1 ? " byte" : " bytes");
    }

    /** Whether the character neither breaks the line nor changes the text direction. */
    private static boolean isPlain(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE -> false;
            default -> true;
        };
    }
}
