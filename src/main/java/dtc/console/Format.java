package dtc.console;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.protocol.PlainText;
import dtc.protocol.State;
import io.quarkus.qute.TemplateExtension;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Formats values. Templates call these methods as methods of the values. */
@TemplateExtension
final class Format {

    private static final int RESOURCE_MANAGERS_SHOWN_MAX = 4;

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern(
                    "yyyy-MM-dd HH:mm:ss.SSS 'UTC'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private Format() {}

    /** Returns the text on one line, without control characters. */
    static String line(String text) {
        return PlainText.singleLine(text, Integer.MAX_VALUE).strip();
    }

    /** Returns the text as a segment of a path or a value in a query. */
    static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** Formats the name of a constant: {@code ROLLED_BACK} is "rolled back". */
    static String words(String constant) {
        return constant.toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    static String time(Instant at) {
        return TIME.format(at);
    }

    /** The time of day. */
    static String clock(Instant at) {
        return time(at).substring(11, 19);
    }

    static String ago(Instant at, Instant now) {
        Duration elapsed = Duration.between(at, now);
        if (elapsed.isNegative()) {
            return "in " + coarse(elapsed.negated());
        }
        return elapsed.toSeconds() < 1 ? "just now" : coarse(elapsed) + " ago";
    }

    static String took(Instant from, Instant to) {
        return duration(Duration.between(from, to));
    }

    /** Formats a duration with at most three significant digits. */
    static String duration(Duration duration) {
        double millis = duration.toNanos() / 1e6;
        if (millis < 999.5) {
            return number(millis < 1 ? 2 : millis < 10 ? 1 : 0, millis) + " ms";
        }
        return millis < 60_000 ? number(millis < 10_000 ? 2 : 1, millis / 1000) + " s" : coarse(duration);
    }

    /** Formats a number without trailing zeros. */
    private static String number(int decimals, double value) {
        String text = String.format(Locale.ROOT, "%." + decimals + "f", value);
        return text.contains(".") ? text.replaceAll("\\.?0+$", "") : text;
    }

    /** Formats whole seconds, or the two largest units. */
    static String coarse(Duration duration) {
        long seconds = Math.max(0, duration.toSeconds());
        if (seconds < 60) {
            return seconds + " s";
        }
        if (seconds < 3600) {
            return units(seconds / 60, "min", seconds % 60, "s");
        }
        return seconds < 86_400
                ? units(seconds / 3600, "h", seconds % 3600 / 60, "min")
                : units(seconds / 86_400, "d", seconds % 86_400 / 3600, "h");
    }

    private static String units(long large, String unit, long small, String smallUnit) {
        return large + " " + unit + (small == 0 ? "" : " " + small + " " + smallUnit);
    }

    /** Formats a rate in events per second. */
    static String rate(double perSecond) {
        return perSecond == 0 ? "0" : String.format(Locale.ROOT, perSecond < 10 ? "%.1f" : "%,.0f", perSecond);
    }

    static String count(Number number) {
        return String.format(Locale.ROOT, "%,d", number.longValue());
    }

    static String count(Number number, String one, String many) {
        return count(number) + " " + (number.longValue() == 1 ? one : many);
    }

    static Chip chip(State state) {
        return new Chip(words(state.name()), Tone.of(state));
    }

    static Chip chip(Transaction t) {
        return t.resolution() == null ? chip(t.state().externalState()) : new Chip("heuristic, resolved", Tone.BACK);
    }

    static String resourceManagers(Transaction t) {
        return names(t.participants());
    }

    /** The resource managers whose participant is in the state, without those that voted READ_ONLY. */
    static String namesIn(Transaction t, String state) {
        return names(t.participants().stream()
                .filter(p -> p.state().name().equals(state) && !p.isReadOnly())
                .toList());
    }

    /** The names of the first participants, and the number of the others. */
    private static String names(List<Participant> participants) {
        String some = participants.stream()
                .limit(RESOURCE_MANAGERS_SHOWN_MAX)
                .map(Participant::resourceManager)
                .collect(Collectors.joining(", "));
        int more = participants.size() - RESOURCE_MANAGERS_SHOWN_MAX;
        return more > 0 ? some + " and " + count(more, "other", "others") : some;
    }

    /** Whether it did not carry out the decision. */
    static boolean diverged(Participant participant) {
        return participant.state() == State.HEURISTIC;
    }

    /** Whether it has not acknowledged the decision. */
    static boolean undelivered(Participant participant) {
        return participant.state() == State.COMMITTING || participant.state() == State.ROLLING_BACK;
    }

    /** Whether the transaction waits for it to acknowledge or to report the outcome. */
    static boolean isWaitedFor(Participant participant, Transaction t) {
        return undelivered(participant) || t.state().isDelegated();
    }
}
