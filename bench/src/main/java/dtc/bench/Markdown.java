package dtc.bench;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Tables and numbers of reports. */
final class Markdown {

    private Markdown() {}

    static String table(List<String> headings, List<List<String>> lines) {
        return "| " + String.join(" | ", headings) + " |\n" + "|---".repeat(headings.size()) + "|\n"
                + lines.stream()
                        .map(line -> "| " + String.join(" | ", line) + " |")
                        .collect(Collectors.joining("\n"));
    }

    /** Three significant digits. */
    static String number(double figure) {
        if (figure >= 100) {
            return String.format(Locale.ROOT, "%,d", Math.round(figure));
        }
        return String.format(Locale.ROOT, figure >= 10 ? "%.1f" : "%.2f", figure);
    }
}
