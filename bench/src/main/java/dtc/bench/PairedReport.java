package dtc.bench;

import static dtc.bench.Markdown.number;

import dtc.bench.PairedResults.Comparison;
import dtc.bench.PairedResults.Fork;
import dtc.bench.Results.Round;
import dtc.bench.Statistics.Interval;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Says for each figure whether B differs from A. */
final class PairedReport {

    /** The probability that all intervals of a report contain their true value. */
    private static final double CONFIDENCE = 0.95;

    private final PairedResults results;

    /** Of each interval, so that together they have {@link #CONFIDENCE} (Bonferroni). */
    private final double confidence;

    private PairedReport(PairedResults results) {
        this.results = results;
        confidence = 1 - (1 - CONFIDENCE) / (results.comparisons().size() * Figure.values().length);
    }

    private enum Figure {
        THROUGHPUT("transactions/s", "faster", "slower"),
        CPU("coordinator CPU µs", "more", "less"),
        ALLOCATION("coordinator KB allocated", "more", "less"),
        P50("p50 ms at the same rate", "slower", "faster"),
        P99("p99 ms at the same rate", "slower", "faster");

        private final String title;
        private final String above;
        private final String below;

        Figure(String title, String above, String below) {
            this.title = title;
            this.above = above;
            this.below = below;
        }

        double of(Round round) {
            return switch (this) {
                case THROUGHPUT -> round.perSecond();
                case CPU -> round.coordinatorMicros();
                case ALLOCATION -> round.coordinatorBytes() / 1024;
                case P50 -> round.p50Millis();
                case P99 -> round.p99Millis();
            };
        }
    }

    /** Writes {@code pair.md}, and returns its text. */
    static String write(PairedResults results, Path output) {
        String text = new PairedReport(results).text();
        try {
            Files.createDirectories(output);
            Files.writeString(output.resolve("pair.md"), text);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        return text;
    }

    private String text() {
        List<String> parts = new ArrayList<>();
        if (results.quick()) {
            parts.add("**A quick run: its figures mean nothing.**");
        }
        parts.add(conditions());
        parts.add(Markdown.table(
                List.of("System", "Scenario", "Figure", "A", "B", "B ÷ A (interval)", "Result"),
                results.comparisons().stream()
                        .flatMap(comparison -> Arrays.stream(Figure.values()).map(figure -> line(comparison, figure)))
                        .toList()));
        if (results.burnPercent() > 0) {
            parts.add("CPU time that was added to B's coordinator:");
            parts.add(Markdown.table(
                    List.of("System", "Scenario", "Added µs", "Share of A's CPU"),
                    results.comparisons().stream().map(this::burn).toList()));
        }
        parts.add("Noise of the coordinator's CPU time, as interquartile range ÷ median:");
        parts.add(Markdown.table(
                List.of("System", "Scenario", "A, all rounds", "B, all rounds", "B ÷ A, all rounds", "B ÷ A, forks"),
                results.comparisons().stream().map(PairedReport::noise).toList()));
        return String.join("\n\n", parts) + "\n";
    }

    private String conditions() {
        int forks = results.comparisons().getFirst().forks().size();
        return String.format(
                Locale.ROOT,
                "A: `%s`. B: `%s`. Measured at %s on %d × %s, %s; each JVM with `%s`. %d clients; %d forks of %d rounds: "
                        + "%s transactions at full load, then %s s at a fixed rate; warmed up by at least %s transactions. "
                        + "B ÷ A: the median over the forks of the median over the rounds of a fork. Interval: between order "
                        + "statistics of the forks, at %s %% each; %s %% are needed for all together to hold at %s %%.",
                results.a(),
                results.b(),
                results.startedAt(),
                results.machine().processors(),
                results.machine().processor(),
                results.machine().java(),
                results.jvmOptions(),
                results.clients(),
                forks,
                results.rounds(),
                number((double) results.transactions()),
                number(results.phaseMillis() / 1e3),
                number((double) results.warmUp()),
                percent(interval(results.comparisons().getFirst(), Figure.CPU).confidence()),
                percent(confidence),
                percent(CONFIDENCE));
    }

    private List<String> line(Comparison comparison, Figure figure) {
        double ratio = Statistics.median(forkRatios(comparison, figure));
        Interval interval = interval(comparison, figure);
        return List.of(
                comparison.system(),
                comparison.scenario(),
                figure.title,
                number(median(comparison, Fork::a, figure)),
                number(median(comparison, Fork::b, figure)),
                String.format(Locale.ROOT, "%.3f (%.3f to %.3f)", ratio, interval.low(), interval.high()),
                verdict(figure, ratio, interval));
    }

    private String verdict(Figure figure, double ratio, Interval interval) {
        if (interval.confidence() < confidence) {
            return "too few forks";
        }
        if (interval.contains(1)) {
            return "no difference above " + percent(Math.max(1 - interval.low(), interval.high() - 1)) + " %";
        }
        boolean above = ratio > 1;
        return String.format(
                Locale.ROOT,
                "**B is %s %% %s (%s to %s)**",
                percent(Math.abs(ratio - 1)),
                above ? figure.above : figure.below,
                percent(above ? interval.low() - 1 : 1 - interval.high()),
                percent(above ? interval.high() - 1 : 1 - interval.low()));
    }

    private Interval interval(Comparison comparison, Figure figure) {
        return Statistics.medianInterval(confidence, forkRatios(comparison, figure));
    }

    private static double[] forkRatios(Comparison comparison, Figure figure) {
        return comparison.forks().stream()
                .mapToDouble(fork -> Statistics.median(ratios(fork, figure).toArray()))
                .toArray();
    }

    private static DoubleStream ratios(Fork fork, Figure figure) {
        return IntStream.range(0, fork.a().size())
                .mapToDouble(round ->
                        figure.of(fork.b().get(round)) / figure.of(fork.a().get(round)));
    }

    private static double median(Comparison comparison, Function<Fork, List<Round>> side, Figure figure) {
        return Statistics.median(values(comparison, side, figure));
    }

    private static double[] values(Comparison comparison, Function<Fork, List<Round>> side, Figure figure) {
        return comparison.forks().stream()
                .map(side)
                .flatMap(List::stream)
                .mapToDouble(figure::of)
                .toArray();
    }

    private List<String> burn(Comparison comparison) {
        return List.of(
                comparison.system(),
                comparison.scenario(),
                number(comparison.burnMicros()),
                percent(comparison.burnMicros() / median(comparison, Fork::a, Figure.CPU)) + " %");
    }

    private static List<String> noise(Comparison comparison) {
        double[] rounds = comparison.forks().stream()
                .flatMapToDouble(fork -> ratios(fork, Figure.CPU))
                .toArray();
        return Stream.concat(
                        Stream.of(comparison.system(), comparison.scenario()),
                        Stream.of(
                                        values(comparison, Fork::a, Figure.CPU),
                                        values(comparison, Fork::b, Figure.CPU),
                                        rounds,
                                        forkRatios(comparison, Figure.CPU))
                                .map(figures -> percent(spread(figures)) + " %"))
                .toList();
    }

    private static double spread(double... figures) {
        return (Statistics.quantile(0.75, figures) - Statistics.quantile(0.25, figures)) / Statistics.median(figures);
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f", 100 * share);
    }
}
