package dtc.console;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * A line chart of the last minutes. The newest point is at the right edge. The chart is {@link #WIDTH} units wide and
 * {@link #HEIGHT} units high.
 *
 * @param description a text for screen readers
 * @param scale labels of the vertical axis, evenly spaced from the top
 * @param grid heights of the horizontal lines
 * @param empty whether all values are zero or missing
 */
public record Chart(
        String title, String description, List<String> scale, List<String> grid, List<Line> lines, boolean empty) {

    public static final int WIDTH = Rates.POINTS_MAX - 1;
    public static final int HEIGHT = 100;

    /**
     * One line.
     *
     * @param path for SVG
     * @param area the path, closed along the bottom; empty if the bottom is not zero
     * @param now the newest value, with its unit
     */
    public record Line(String name, String tone, String path, String area, String now) {}

    /** A value for each point; NaN if there is none. */
    record Series(String name, String tone, ToDoubleFunction<Rates.Point> value) {}

    interface Unit {
        String write(double value);
    }

    /** A scale from 0 to a round number. */
    static Chart linear(String title, List<Rates.Point> points, List<Series> all, Unit unit) {
        double top = round(max(points, all));
        return draw(
                title,
                points,
                all,
                unit,
                v -> 1 - v / top,
                List.of(unit.write(top), unit.write(top / 2), unit.write(0)),
                true);
    }

    /** A scale in powers of ten. */
    static Chart logarithmic(String title, List<Rates.Point> points, List<Series> all, Unit unit) {
        double lowest = points.stream()
                .flatMap(p -> all.stream().map(s -> s.value().applyAsDouble(p)))
                .filter(v -> v > 0)
                .min(Double::compare)
                .orElse(1.0);
        int low = (int) Math.floor(Math.log10(lowest));
        int high = Math.max(low + 2, (int) Math.ceil(Math.log10(Math.max(max(points, all), lowest))));
        List<String> scale = new ArrayList<>();
        for (int power = high; power >= low; power--) {
            scale.add(unit.write(Math.pow(10, power)));
        }
        return draw(
                title,
                points,
                all,
                unit,
                v -> Math.min(1, (high - Math.log10(Math.max(v, 1e-9))) / (high - low)),
                scale,
                false);
    }

    private static double max(List<Rates.Point> points, List<Series> all) {
        return points.stream()
                .flatMap(p -> all.stream().map(s -> s.value().applyAsDouble(p)))
                .filter(v -> !v.isNaN())
                .max(Double::compare)
                .orElse(0.0);
    }

    /** Rounds up to the next of 1, 2, 5, 10, 20, …. */
    private static double round(double value) {
        double power = 1;
        while (true) {
            for (int step : new int[] {1, 2, 5}) {
                if (step * power >= value) {
                    return step * power;
                }
            }
            power *= 10;
        }
    }

    private interface Scale {
        /** Returns the position, from 0 at the top to 1 at the bottom. */
        double place(double value);
    }

    private static Chart draw(
            String title,
            List<Rates.Point> points,
            List<Series> all,
            Unit unit,
            Scale scale,
            List<String> labels,
            boolean fromZero) {
        List<Line> lines = new ArrayList<>();
        StringBuilder description = new StringBuilder(title).append(" over the last 5 minutes.");
        boolean empty = true;
        for (Series series : all) {
            StringBuilder path = new StringBuilder();
            StringBuilder area = new StringBuilder();
            int began = -1;
            for (int i = 0; i <= points.size(); i++) {
                double value = i == points.size() ? Double.NaN : series.value().applyAsDouble(points.get(i));
                int x = WIDTH - points.size() + 1 + i;
                if (Double.isNaN(value)) {
                    if (began >= 0) {
                        area.append(String.format(Locale.ROOT, "L%d %dL%d %dZ", x - 1, HEIGHT, began, HEIGHT));
                        began = -1;
                    }
                    continue;
                }
                empty &= value == 0;
                String point = String.format(Locale.ROOT, "%d %.1f", x, HEIGHT * scale.place(value));
                // A single point is a short line, which round caps turn into a dot.
                path.append(began < 0 ? "M%sm-.3 0h.6M%s".formatted(point, point) : "L" + point);
                area.append(began < 0 ? String.format(Locale.ROOT, "M%d %dL%s", x, HEIGHT, point) : "L" + point);
                began = began < 0 ? x : began;
            }
            double newest = points.isEmpty() ? Double.NaN : series.value().applyAsDouble(points.getLast());
            String now = Double.isNaN(newest) ? "no data" : unit.write(newest);
            lines.add(new Line(series.name(), series.tone(), path.toString(), fromZero ? area.toString() : "", now));
            description.append(" %s: %s.".formatted(series.name(), now));
        }
        List<String> grid = new ArrayList<>();
        for (int i = 0; i < labels.size(); i++) {
            grid.add(String.format(Locale.ROOT, "%.1f", (double) HEIGHT * i / (labels.size() - 1)));
        }
        return new Chart(title, description.toString(), labels, grid, List.copyOf(lines), empty);
    }
}
