package dtc.bench;

import dtc.bench.Results.Memory;
import dtc.bench.Results.Round;
import dtc.bench.Results.Row;
import dtc.bench.Results.Soak;
import dtc.bench.Results.StartUp;
import dtc.bench.system.SystemName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Turns results into the generated part of {@code docs/performance.md} and its chart. */
final class Report {

    private static final String BEGIN = "<!-- generated: begin -->";
    private static final String END = "<!-- generated: end -->";

    private static final List<String> HEADINGS = List.of(
            "System",
            "Durability",
            "Participants",
            "Clients",
            "Transactions/s (least to most)",
            "At transactions/s",
            "p50 ms",
            "p99 ms",
            "CPU µs: coordinator",
            "CPU µs: RM processes",
            "KB allocated: coordinator",
            "KB allocated: RM processes",
            "Rolled back",
            "Failed");

    private final Results results;

    private Report(Results results) {
        this.results = results;
    }

    /** Puts the tables between the marks of {@code page}; the page and the chart go to {@code output}. */
    static void write(Results results, Path page, Path output) {
        try {
            String text = Files.readString(page);
            int begin = text.indexOf(BEGIN);
            int end = text.indexOf(END);
            if (begin < 0 || end < begin) {
                throw new IllegalStateException(page + " has no marks " + BEGIN + " and " + END);
            }
            String generated = new Report(results).text();
            Files.createDirectories(output);
            Files.writeString(
                    output.resolve("performance.md"),
                    text.substring(0, begin) + BEGIN + "\n\n" + generated + "\n" + text.substring(end));
            Files.writeString(output.resolve("performance.svg"), Chart.of(results));
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private String text() {
        List<String> parts = new ArrayList<>();
        if (results.quick()) {
            parts.add("**A quick run, which proves that everything works: its figures mean nothing.**");
        }
        parts.add(conditions());
        if (!results.leftOut().isEmpty()) {
            parts.add("Not measured: " + String.join("; ", results.leftOut()) + ".");
        }
        parts.add("![Transactions per second by number of clients](performance.svg)");
        parts.add(systems());
        Arrays.stream(Scenario.values())
                .map(this::section)
                .filter(section -> !section.isEmpty())
                .forEach(parts::add);
        if (!results.soaks().isEmpty()) {
            parts.add(soaks());
        }
        parts.add(startUps());
        parts.add(memory());
        return String.join("\n\n", parts) + "\n";
    }

    private String conditions() {
        Results.Machine machine = results.machine();
        return ("Measured at %s on %d × %s, %s MB of memory, %s, %s; each JVM with `%s`. Warmed by %s transactions of each "
                        + "system and form at least; %d rounds of %s s at full load and %s s at a fixed rate for each line. "
                        + "Figures are medians of the rounds.")
                .formatted(
                        results.startedAt(),
                        machine.processors(),
                        machine.processor(),
                        number((double) machine.memoryMegabytes()),
                        machine.system(),
                        machine.java(),
                        results.jvmOptions(),
                        number((double) results.warmUp()),
                        results.rounds(),
                        number(results.phaseMillis() / 1e3),
                        number(results.phaseMillis() / 1e3));
    }

    private String systems() {
        return table(
                List.of("System", "Durability of the coordinator", "Participants"),
                Arrays.stream(SystemName.values())
                        .filter(name -> results.rows().stream()
                                .anyMatch(row -> row.system().equals(name.id())))
                        .map(name -> List.of(name.title(), name.durability(), name.participants()))
                        .toList());
    }

    private String section(Scenario scenario) {
        List<Row> rows = results.rows().stream()
                .filter(row -> row.scenario().equals(scenario.id()))
                .toList();
        if (rows.isEmpty()) {
            return "";
        }
        return "### " + scenario.title() + "\n\n" + scenario.text() + "\n\n"
                + table(HEADINGS, rows.stream().map(Report::line).toList());
    }

    private static List<String> line(Row row) {
        SystemName system = name(row.system());
        return List.of(
                system.title(),
                system.durability(),
                Integer.toString(row.participants()),
                Integer.toString(row.clients()),
                "%s (%s to %s)"
                        .formatted(
                                number(row.median(Round::perSecond)),
                                number(row.least(Round::perSecond)),
                                number(row.most(Round::perSecond))),
                number(row.median(Round::offeredPerSecond)),
                number(row.median(Round::p50Millis)),
                number(row.median(Round::p99Millis)),
                coordinator(row, Round::cpuMicros, 1),
                resourceManagers(row, Round::cpuMicros, 1),
                coordinator(row, Round::allocatedBytes, 1024),
                resourceManagers(row, Round::allocatedBytes, 1024),
                number(100 * row.median(Round::rolledBackShare)) + " %",
                Long.toString(row.failed()));
    }

    private static String coordinator(Row row, Function<Round, SequencedMap<String, Double>> figures, double unit) {
        return processes(row, figures, unit, "coordinator");
    }

    private static String resourceManagers(
            Row row, Function<Round, SequencedMap<String, Double>> figures, double unit) {
        return processes(row, figures, unit, "RM process");
    }

    /** The median of each process whose name begins so. */
    private static String processes(
            Row row, Function<Round, SequencedMap<String, Double>> figures, double unit, String begin) {
        return figures.apply(row.rounds().getFirst()).keySet().stream()
                .filter(process -> process.startsWith(begin))
                .map(process -> number(row.median(round -> figures.apply(round).getOrDefault(process, 0.0)) / unit))
                .collect(Collectors.joining(" + "));
    }

    private String startUps() {
        return "### Start-up\n\n"
                + "From the start of the process to: DTC, coordinator and two RMs in one process, the first committed "
                + "transaction; the peers, a coordinator alone, the first transaction begun; the echo, its first answer.\n\n"
                + table(
                        List.of("System", "Durability", "AOT cache", "Seconds"),
                        results.startUps().stream().map(Report::line).toList());
    }

    private static List<String> line(StartUp startUp) {
        SystemName system = name(startUp.system());
        return List.of(
                system.title(),
                system.durability(),
                startUp.cached() ? "trained by one transaction" : "",
                number(startUp.median()));
    }

    private String soaks() {
        return "### " + Scenario.SOAK.title() + "\n\n" + Scenario.SOAK.text() + "\n\n"
                + table(
                        List.of("System", "Durability", "Process", "Heap MB"),
                        results.soaks().stream().map(Report::line).toList());
    }

    private static List<String> line(Soak soak) {
        SystemName system = name(soak.system());
        return List.of(
                system.title(),
                system.durability(),
                soak.process(),
                soak.liveMegabytes().stream().map(Report::number).collect(Collectors.joining(", ")) + " after each "
                        + number((double) soak.transactions()));
    }

    private String memory() {
        return "### Memory\n\nResident, before the first load and after the last.\n\n"
                + table(
                        List.of("System", "Durability", "Process", "Idle MB", "Loaded MB"),
                        results.memory().stream().map(Report::line).toList());
    }

    private static List<String> line(Memory memory) {
        SystemName system = name(memory.system());
        return List.of(
                system.title(),
                system.durability(),
                memory.process(),
                number(memory.idleMegabytes()),
                number(memory.loadedMegabytes()));
    }

    static SystemName name(String id) {
        return Arrays.stream(SystemName.values())
                .filter(name -> name.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    private static String table(List<String> headings, List<List<String>> lines) {
        return "| " + String.join(" | ", headings) + " |\n" + "|---".repeat(headings.size()) + "|\n"
                + lines.stream()
                        .map(line -> "| " + String.join(" | ", line) + " |")
                        .collect(Collectors.joining("\n"));
    }

    /** Three digits that count. */
    private static String number(double figure) {
        if (figure >= 100) {
            return String.format(Locale.ROOT, "%,d", Math.round(figure));
        }
        return String.format(Locale.ROOT, figure >= 10 ? "%.1f" : "%.2f", figure);
    }
}
