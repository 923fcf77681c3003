package dtc.bench;

import static dtc.bench.Markdown.number;

import dtc.bench.Results.Memory;
import dtc.bench.Results.Round;
import dtc.bench.Results.Row;
import dtc.bench.Results.Soak;
import dtc.bench.Results.StartUp;
import dtc.bench.system.Form;
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
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Writes the generated part of {@code docs/performance.md} and its chart. */
final class Report {

    private static final String BEGIN = "<!-- generated: begin -->";
    private static final String END = "<!-- generated: end -->";

    private static final List<String> HEADINGS = List.of(
            "System",
            "Durability",
            "Participants",
            "Clients",
            "Transactions/s (least to most)",
            "÷ echo",
            "Mean ms",
            "÷ echo",
            "At transactions/s",
            "p50 ms",
            "p99 ms",
            "CPU µs: coordinator",
            "÷ echo",
            "CPU µs: RM processes",
            "KB allocated: coordinator",
            "KB allocated: RM processes",
            "Rolled back",
            "Failed");

    private final Results results;

    private Report(Results results) {
        this.results = results;
    }

    /** Writes {@code page} with new tables between its marks, and the chart, to {@code output}. */
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
            parts.add("**A quick run: the figures are not valid.**");
        }
        parts.add(conditions());
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
        return String.format(
                Locale.ROOT,
                "Measured at %s on %d × %s, %s MB of memory, %s, %s; each JVM with `%s`. Warmed up by at least %s transactions of each "
                        + "system and form; %d rounds of %s s at full load and %s s at a fixed rate for each line. "
                        + "Figures are medians of the rounds.\n\n"
                        + "**÷ echo** compares a figure with that of the JSON echo in the same rounds, and depends less on "
                        + "the machine. Transactions/s: divided by the requests/s of the echo, and multiplied by the number "
                        + "of requests that the client sends in a transaction (1 in one call, otherwise 2 more than "
                        + "participants). Mean ms, only with one client: divided by that of the echo, and by the number of "
                        + "HTTP exchanges that follow one another (with two participants 3 in one call, 8 interactive, 7 in "
                        + "a rollback). CPU: divided by that of the echo.",
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
        return Markdown.table(
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
                + Markdown.table(HEADINGS, rows.stream().map(this::line).toList());
    }

    private List<String> line(Row row) {
        SystemName system = name(row.system());
        Form form = Form.valueOf(row.form());
        return List.of(
                system.title(),
                system.durability(),
                Integer.toString(row.participants()),
                Integer.toString(row.clients()),
                String.format(
                        Locale.ROOT,
                        "%s (%s to %s)",
                        number(row.median(Round::perSecond)),
                        number(row.least(Round::perSecond)),
                        number(row.most(Round::perSecond))),
                toEcho(row, Round::perSecond, 1.0 / form.clientCalls(row.participants())),
                number(row.median(row::clientMillis)),
                // Of the peers, this benchmark does not know how many exchanges follow one another.
                row.clients() == 1 && (system.isDtc() || system == SystemName.ECHO)
                        ? toEcho(row, row::clientMillis, form.sequentialExchanges(row.participants()))
                        : "",
                number(row.median(Round::offeredPerSecond)),
                number(row.median(Round::p50Millis)),
                number(row.median(Round::p99Millis)),
                coordinator(row, Round::cpuMicros, 1),
                toEcho(row, Round::coordinatorMicros, 1),
                resourceManagers(row, Round::cpuMicros, 1),
                coordinator(row, Round::allocatedBytes, 1024),
                resourceManagers(row, Round::allocatedBytes, 1024),
                number(100 * row.median(Round::rolledBackShare)) + " %",
                Long.toString(row.failed()));
    }

    /** The median over the rounds of a figure ÷ ({@code factor} × the echo's), measured in the same round. */
    private String toEcho(Row row, ToDoubleFunction<Round> figure, double factor) {
        return results.rows().stream()
                .filter(other -> other.system().equals(SystemName.ECHO.id())
                        && other.scenario().equals(row.scenario())
                        && other.participants() == row.participants()
                        && other.clients() == row.clients())
                .findFirst()
                .map(echo -> number(Statistics.median(IntStream.range(
                                0, row.rounds().size())
                        .mapToDouble(round -> figure.applyAsDouble(row.rounds().get(round))
                                / figure.applyAsDouble(echo.rounds().get(round))
                                / factor)
                        .toArray())))
                .orElse("");
    }

    private static String coordinator(Row row, Function<Round, SequencedMap<String, Double>> figures, double unit) {
        return processes(row, figures, unit, "coordinator");
    }

    private static String resourceManagers(
            Row row, Function<Round, SequencedMap<String, Double>> figures, double unit) {
        return processes(row, figures, unit, "RM process");
    }

    /** The median of each process whose name begins with {@code begin}. */
    private static String processes(
            Row row, Function<Round, SequencedMap<String, Double>> figures, double unit, String begin) {
        return figures.apply(row.rounds().getFirst()).keySet().stream()
                .filter(process -> process.startsWith(begin))
                .map(process -> number(row.median(round -> figures.apply(round).getOrDefault(process, 0.0)) / unit))
                .collect(Collectors.joining(" + "));
    }

    private String startUps() {
        return "### Start-up\n\n"
                + "The time from the start of the process. DTC, with the coordinator and two RMs in one process: to the "
                + "first committed transaction. The peers, with a coordinator alone: to the first transaction that has "
                + "begun. The echo: to its first answer.\n\n"
                + Markdown.table(
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
                + Markdown.table(
                        List.of("System", "Durability", "Process", "Heap MB"),
                        results.soaks().stream().map(Report::line).toList());
    }

    private static List<String> line(Soak soak) {
        SystemName system = name(soak.system());
        return List.of(
                system.title(),
                system.durability(),
                soak.process(),
                soak.liveMegabytes().stream().map(Markdown::number).collect(Collectors.joining(", ")) + " after each "
                        + number((double) soak.transactions()));
    }

    private String memory() {
        return "### Memory\n\nResident memory, before the first load and after the last.\n\n"
                + Markdown.table(
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
}
