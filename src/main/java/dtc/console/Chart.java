package dtc.console;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.function.DoubleUnaryOperator;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * A line chart of the last minutes. The newest point is at the right edge.
 *
 * @param scale labels of the vertical axis, evenly spaced from the top
 * @param empty whether all values are zero or missing
 */
public record Chart(String title, List<String> scale, List<Line> lines, boolean empty) {

    private static final int WIDTH = Rates.POINTS_MAX - 1;
    private static final int HEIGHT = 100;

    /**
     * One line.
     *
     * @param path for SVG
     * @param area the path, closed along the bottom; empty if the bottom is not zero
     * @param now the newest value, with its unit
     */
    public record Line(String name, String tone, String path, String area, String now) {}

    /** A value for each point; NaN if there is none. */
    record Series(String name, String tone, ToDoubleFunction<Rates.Point> value) {

        private double[] of(List<Rates.Point> points) {
            return points.stream().mapToDouble(value).toArray();
        }
    }

    /** Heights of the horizontal lines. */
    public List<String> grid() {
        return IntStream.range(0, scale.size())
                .mapToObj(i -> String.format(Locale.ROOT, "%.1f", (double) HEIGHT * i / (scale.size() - 1)))
                .toList();
    }

    /** @param logarithmic whether the scale is in powers of ten; otherwise it is from 0 to a round number */
    static Chart of(
            String title,
            List<Rates.Point> points,
            List<Series> all,
            DoubleFunction<String> unit,
            boolean logarithmic) {
        double[] values = all.stream()
                .flatMapToDouble(series -> DoubleStream.of(series.of(points)))
                .filter(v -> !Double.isNaN(v))
                .toArray();
        double max = DoubleStream.of(values).max().orElse(0);
        double top = round(max);
        int low = power(DoubleStream.of(values).filter(v -> v > 0).min().orElse(1));
        int high = Math.max(low + 2, power(max) + 1);
        DoubleUnaryOperator position = logarithmic ? v -> (high - Math.log10(v)) / (high - low) : v -> 1 - v / top;
        DoubleStream scale = logarithmic
                ? IntStream.rangeClosed(0, high - low).mapToDouble(i -> Math.pow(10, high - i))
                : DoubleStream.of(top, top / 2, 0);
        List<Line> lines = new ArrayList<>();
        for (Series series : all) {
            double[] its = series.of(points);
            double newest = its.length == 0 ? Double.NaN : its[its.length - 1];
            String area = logarithmic ? "" : path(its, position, true);
            String now =
                    Double.isNaN(newest) && logarithmic ? "no data" : unit.apply(Double.isNaN(newest) ? 0 : newest);
            lines.add(new Line(series.name(), series.tone(), path(its, position, false), area, now));
        }
        return new Chart(title, scale.mapToObj(unit).toList(), lines, max == 0);
    }

    /** The power of ten at or below a value. */
    private static int power(double value) {
        return value > 0 ? (int) Math.floor(Math.log10(value)) : 0;
    }

    /** Rounds up to the next of 1, 2, 5, 10, 20, …. */
    private static double round(double value) {
        double power = Math.max(1, Math.pow(10, power(value)));
        return DoubleStream.of(1, 2, 5, 10)
                .map(step -> step * power)
                .filter(step -> step >= value)
                .findFirst()
                .orElse(value);
    }

    /**
     * Returns the lines through adjacent values, or the areas below them.
     *
     * @param position of a value, from 0 at the top to 1 at the bottom
     */
    private static String path(double[] values, DoubleUnaryOperator position, boolean area) {
        StringBuilder path = new StringBuilder();
        boolean drawing = false;
        for (int i = 0; i < values.length; i++) {
            if (Double.isNaN(values[i])) {
                drawing = false;
                continue;
            }
            int x = WIDTH - values.length + 1 + i;
            String point = String.format(Locale.ROOT, "%d %.1f", x, HEIGHT * position.applyAsDouble(values[i]));
            if (drawing) {
                path.append("L").append(point);
            } else {
                // A single point is a short line, which round caps turn into a dot.
                path.append(area ? "M" + x + " " + HEIGHT + "L" + point : "M" + point + "m-.3 0h.6M" + point);
            }
            drawing = true;
            if (area && (i == values.length - 1 || Double.isNaN(values[i + 1]))) {
                path.append("V").append(HEIGHT).append("Z");
            }
        }
        return path.toString();
    }
}
