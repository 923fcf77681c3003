package dtc.console;

import dtc.protocol.PlainText;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Formats numbers, durations and times with units and at most three significant digits. */
final class Format {

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern(
                    "yyyy-MM-dd HH:mm:ss.SSS 'UTC'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private Format() {}

    /** Returns the text on one line, without control characters. */
    static String line(String text) {
        return PlainText.singleLine(text, Integer.MAX_VALUE).strip();
    }

    static String time(Instant at) {
        return TIME.format(at);
    }

    static String duration(Duration duration) {
        double millis = duration.toNanos() / 1e6;
        if (millis < 1) {
            return number("%.2f", millis) + " ms";
        }
        if (millis < 10) {
            return number("%.1f", millis) + " ms";
        }
        if (millis < 999.5) {
            return number("%.0f", millis) + " ms";
        }
        if (millis < 10_000) {
            return number("%.2f", millis / 1000) + " s";
        }
        if (millis < 60_000) {
            return number("%.1f", millis / 1000) + " s";
        }
        return coarse(duration);
    }

    /** Formats a number without trailing zeros. */
    @SuppressWarnings("AnnotateFormatMethod") // the callers pass constants
    private static String number(String pattern, double value) {
        String text = String.format(Locale.ROOT, pattern, value);
        return text.contains(".") ? text.replaceAll("\\.?0+$", "") : text;
    }

    /** Formats whole seconds, or the two largest units. */
    static String coarse(Duration duration) {
        long seconds = Math.max(0, duration.toSeconds());
        if (seconds < 60) {
            return seconds + " s";
        }
        if (seconds < 3600) {
            return two(seconds / 60, "min", seconds % 60, "s");
        }
        if (seconds < 86_400) {
            return two(seconds / 3600, "h", seconds % 3600 / 60, "min");
        }
        return two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h");
    }

    private static String two(long large, String unit, long small, String smallUnit) {
        return small == 0 ? large + " " + unit : large + " " + unit + " " + small + " " + smallUnit;
    }

    static String ago(Instant at, Instant now) {
        Duration elapsed = Duration.between(at, now);
        if (elapsed.isNegative()) {
            return "in " + coarse(elapsed.negated());
        }
        return elapsed.toSeconds() < 1 ? "just now" : coarse(elapsed) + " ago";
    }

    /** Formats a rate in events per second. */
    static String rate(double perSecond) {
        return perSecond == 0
                ? "0"
                : perSecond < 10
                        ? String.format(Locale.ROOT, "%.1f", perSecond)
                        : String.format(Locale.ROOT, "%,.0f", perSecond);
    }

    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    static String count(long number, String one, String many) {
        return count(number) + " " + (number == 1 ? one : many);
    }

    /** Formats the name of a constant: {@code ROLLED_BACK} is "rolled back". */
    static String constant(String name) {
        return name.toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
