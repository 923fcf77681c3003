package dtc.bench;

import dtc.bench.Results.Round;
import dtc.bench.Results.Row;
import dtc.bench.system.SystemName;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Transactions per second over clients, both on logarithmic scales, as SVG. */
final class Chart {

    private static final int WIDTH = 900;
    private static final int HEIGHT = 480;
    private static final int LEFT = 70;
    private static final int RIGHT = 330;
    private static final int TOP = 30;
    private static final int BOTTOM = 50;
    private static final int LABEL_HEIGHT = 16;

    private static final List<String> COLOURS =
            List.of("#1b6ca8", "#0f9d8a", "#7b4fb5", "#c0392b", "#d98c10", "#5d6d7e", "#2e7d32", "#ad1457", "#000000");

    private final double leastClients;
    private final double mostClients;
    private final double leastRate;
    private final double mostRate;

    private Chart(List<Row> rows) {
        leastClients = rows.stream().mapToInt(Row::clients).min().orElse(1);
        mostClients = Math.max(
                leastClients * 2, rows.stream().mapToInt(Row::clients).max().orElse(1));
        leastRate = Math.pow(
                10,
                Math.floor(Math.log10(
                        Math.max(1, rows.stream().mapToDouble(Chart::rate).min().orElse(1)))));
        mostRate = Math.max(
                leastRate * 10,
                Math.pow(
                        10,
                        Math.ceil(Math.log10(
                                rows.stream().mapToDouble(Chart::rate).max().orElse(10)))));
    }

    static String of(Results results) {
        Map<String, List<Row>> series = results.rows().stream()
                .filter(row -> row.scenario().equals(Scenario.ONE_CALL.id())
                        || (row.scenario().equals(Scenario.INTERACTIVE.id()) && !isEcho(row)))
                .collect(Collectors.groupingBy(Chart::title, LinkedHashMap::new, Collectors.toList()));
        return new Chart(series.values().stream().flatMap(List::stream).toList()).draw(series);
    }

    private static String title(Row row) {
        SystemName system = Report.name(row.system());
        return isEcho(row)
                ? system.title() + " (floor)"
                : String.format(Locale.ROOT, "%s, %s: %s", system.title(), row.scenario(), system.durability());
    }

    private static boolean isEcho(Row row) {
        return row.system().equals(SystemName.ECHO.id());
    }

    private static double rate(Row row) {
        return Math.max(1, row.median(Round::perSecond));
    }

    private String draw(Map<String, List<Row>> series) {
        StringBuilder svg = new StringBuilder();
        svg.append(String.format(Locale.ROOT, """
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">
                <title>Transactions per second by number of clients</title>
                <rect width="%d" height="%d" fill="#ffffff"/>
                <text x="%d" y="18" font-size="13">Two participants, transactions per second (both scales logarithmic)</text>
                """, WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT));
        for (double rate = leastRate; rate <= mostRate; rate *= 10) {
            svg.append(text("""
                    <line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#dddddd"/>
                    <text x="%.1f" y="%.1f" text-anchor="end">%,.0f</text>
                    """, LEFT, y(rate), WIDTH - RIGHT, y(rate), LEFT - 6, y(rate) + 4, rate));
        }
        series.values().stream()
                .flatMap(List::stream)
                .map(Row::clients)
                .distinct()
                .sorted()
                .forEach(clients -> svg.append(text(
                        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.0f</text>\n",
                        x(clients), HEIGHT - BOTTOM + 18, (double) clients)));
        svg.append(text(
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">clients</text>\n",
                (LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 38));
        int number = 0;
        for (Map.Entry<String, List<Row>> one : series.entrySet()) {
            svg.append(line(one.getKey(), one.getValue(), number++));
        }
        return svg.append("</svg>\n").toString();
    }

    private String line(String title, List<Row> rows, int number) {
        String colour = COLOURS.get(number % COLOURS.size());
        List<Row> sorted =
                rows.stream().sorted(Comparator.comparingInt(Row::clients)).toList();
        String points = sorted.stream()
                .map(row -> text("%.1f,%.1f", x(row.clients()), y(rate(row))))
                .collect(Collectors.joining(" "));
        double labelY = TOP + 12 + number * LABEL_HEIGHT;
        double labelX = WIDTH - RIGHT + 30;
        String marks = sorted.stream()
                .map(row -> text(
                        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"" + colour + "\"/>\n",
                        x(row.clients()),
                        y(rate(row))))
                .collect(Collectors.joining());
        return "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" + colour + "\" points=\"" + points + "\"/>\n"
                + marks
                + text("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"" + colour + "\"/>\n", labelX - 10, labelY - 4)
                + text("<text x=\"%.1f\" y=\"%.1f\">", labelX, labelY) + title + "</text>\n";
    }

    private double x(double clients) {
        return LEFT + (WIDTH - LEFT - RIGHT) * share(clients, leastClients, mostClients);
    }

    private double y(double rate) {
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share(rate, leastRate, mostRate);
    }

    private static double share(double figure, double least, double most) {
        return Math.log(figure / least) / Math.log(most / least);
    }

    private static String text(String format, double... figures) {
        Object[] all = new Object[figures.length];
        for (int index = 0; index < figures.length; index++) {
            all[index] = figures[index];
        }
        return String.format(Locale.ROOT, format, all);
    }
}
