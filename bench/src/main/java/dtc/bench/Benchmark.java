package dtc.bench;

import dtc.bench.Results.Memory;
import dtc.bench.Results.Round;
import dtc.bench.Results.Row;
import dtc.bench.Results.Soak;
import dtc.bench.Results.StartUp;
import dtc.bench.load.ClosedLoopResult;
import dtc.bench.load.LoadGenerator;
import dtc.bench.load.OpenLoopResult;
import dtc.bench.load.Transaction;
import dtc.bench.system.Application;
import dtc.bench.system.BackgroundLoad;
import dtc.bench.system.Form;
import dtc.bench.system.Keys;
import dtc.bench.system.MeasuredSystem;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.logging.Logger;

/** Measures all systems side by side: starts them, warms them up, measures them in rounds. */
final class Benchmark {

    private static final Logger LOG = Logger.getLogger("bench");

    /** The rate of the open loop, as a share of the throughput. Above it, queues grow and dominate the latency. */
    private static final double OPEN_SHARE = 0.7;

    private static final long SOAK = 1_000_000;
    private static final long QUICK_SOAK = 5_000;
    private static final int SOAK_PARTS = 10;
    private static final int SOAK_CLIENTS = 64;

    private final Options options;
    private final Application application;

    Benchmark(Options options, Application application) {
        this.options = options;
        this.application = application;
    }

    /** One row of the tables, with the results of its rounds. */
    private record Cell(
            MeasuredSystem system, Scenario scenario, Form form, int participants, int clients, List<Round> rounds) {

        Transaction transaction() {
            return system.transaction(form, participants, scenario.keys());
        }

        Row row() {
            return new Row(system.name().id(), scenario.id(), form.name(), participants, clients, rounds);
        }
    }

    Results run() {
        Instant startedAt = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        try (Systems chosen = new Systems(options, application);
                LoadGenerator load = new LoadGenerator()) {
            List<StartUp> startUps = chosen.startUps(options.rounds());
            List<MeasuredSystem> systems = chosen.start();
            List<Memory> idle = Systems.idle(systems);
            List<Cell> cells = cells(systems);
            warmUp(load, cells);
            Measurement measurement = new Measurement(load, options.phase());
            for (int round = 0; round < options.rounds(); round++) {
                LOG.info(String.format(Locale.ROOT, "round %d of %d", round + 1, options.rounds()));
                // Every other round runs backwards, so that a cell does not always follow the same one.
                for (Cell cell : round % 2 == 0 ? cells : cells.reversed()) {
                    try (BackgroundLoad _ =
                            cell.system().startBackground(cell.scenario().background(), load, options.quick())) {
                        cell.rounds().add(measure(measurement, cell));
                    }
                }
            }
            return new Results(
                    startedAt.toString(),
                    options.quick(),
                    MachineInfo.here(),
                    String.join(" ", options.jvm()),
                    options.rounds(),
                    options.phase().toMillis(),
                    options.warmUp(),
                    cells.stream().map(Cell::row).toList(),
                    startUps,
                    soak(load, systems),
                    Systems.loaded(idle, systems));
        }
    }

    /** Systems in the same scenario are next to each other, and so are measured one after the other. */
    private List<Cell> cells(List<MeasuredSystem> systems) {
        List<Cell> cells = new ArrayList<>();
        for (Scenario scenario : options.scenarios()) {
            for (int participants : scenario.participants()) {
                for (int clients : scenario.clients(options.clients())) {
                    systems.stream()
                            .filter(system -> scenario.appliesTo(system.name()))
                            .forEach(system -> cells.add(new Cell(
                                    system,
                                    scenario,
                                    scenario.form(system.forms()),
                                    participants,
                                    clients,
                                    new ArrayList<>())));
                }
            }
        }
        return cells;
    }

    /** Each system, in each form in which it will be measured. */
    private void warmUp(LoadGenerator load, List<Cell> cells) {
        record Warming(MeasuredSystem system, Form form) {}
        WarmUp warmUp = new WarmUp(options.warmUp(), !options.quick());
        cells.stream()
                .map(cell -> new Warming(cell.system(), cell.form()))
                .distinct()
                .forEach(warming -> warmUp.run(
                        load,
                        warming.system().name().id() + " " + warming.form(),
                        warming.system(),
                        warming.system().transaction(warming.form(), 2, Keys.MANY)));
    }

    private Round measure(Measurement measurement, Cell cell) {
        Transaction transaction = cell.transaction();
        Measurement.Closed closed = measurement.closed(cell.system(), transaction, cell.clients());
        // The machine, and how warm the process is, differ from round to round.
        double rate = options.rate() > 0 ? options.rate() : Math.max(1, closed.perSecond() * OPEN_SHARE);
        OpenLoopResult open = measurement.open(transaction, cell.clients(), rate);
        Round round = closed.with(open);
        LOG.info(String.format(
                Locale.ROOT,
                "%s, %s, %d participants, %d clients: %.0f/s, p50 %.2f ms, p99 %.2f ms, CPU µs %s, %d failed %s%s",
                cell.system().name().id(),
                cell.scenario().id(),
                cell.participants(),
                cell.clients(),
                round.perSecond(),
                round.p50Millis(),
                round.p99Millis(),
                round.cpuMicros(),
                round.failed(),
                closed.result().firstFailure(),
                open.firstFailure()));
        return round;
    }

    private List<Soak> soak(LoadGenerator load, List<MeasuredSystem> systems) {
        List<Soak> soaks = new ArrayList<>();
        if (!options.scenarios().contains(Scenario.SOAK)) {
            return soaks;
        }
        long part = (options.quick() ? QUICK_SOAK : SOAK) / SOAK_PARTS;
        for (MeasuredSystem system : systems) {
            if (Scenario.SOAK.appliesTo(system.name())) {
                Transaction transaction = system.transaction(Form.ONE_CALL, 2, Keys.MANY);
                SequencedMap<String, List<Double>> live = new LinkedHashMap<>();
                for (int number = 1; number <= SOAK_PARTS; number++) {
                    ClosedLoopResult result = load.run(transaction, SOAK_CLIENTS, part);
                    system.processes()
                            .forEach((process, running) -> live.computeIfAbsent(process, _ -> new ArrayList<>())
                                    .add(Statistics.rounded(running.liveBytes() / Systems.MEGABYTE)));
                    LOG.info(String.format(
                            Locale.ROOT,
                            "soak of %s: %d done, %d failed, live MB %s",
                            system.name().id(),
                            number * part,
                            result.failed(),
                            live));
                }
                live.forEach(
                        (process, megabytes) -> soaks.add(new Soak(system.name().id(), process, part, megabytes)));
            }
        }
        return soaks;
    }
}
