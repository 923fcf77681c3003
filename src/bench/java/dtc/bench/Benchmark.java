package dtc.bench;

import dtc.bench.Results.Memory;
import dtc.bench.Results.Round;
import dtc.bench.Results.Row;
import dtc.bench.Results.Soak;
import dtc.bench.Results.StartUp;
import dtc.bench.load.Latencies;
import dtc.bench.load.Load;
import dtc.bench.load.Tally;
import dtc.bench.load.Transaction;
import dtc.bench.system.Form;
import dtc.bench.system.Gathering;
import dtc.bench.system.JavaProcess;
import dtc.bench.system.Keys;
import dtc.bench.system.Measured;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.logging.Logger;

/** One run: starts everything, warms it, measures it in rounds. */
final class Benchmark {

    private static final Logger LOG = Logger.getLogger("bench");

    /**
     * Of a closed loop's throughput; above it queues grow, and latency tells of the queue rather than of the system.
     */
    private static final double OPEN_SHARE = 0.7;

    /** Of a phase: how long load goes before the measuring begins, so that opening connections is not measured. */
    private static final int RUN_IN_PART = 10;

    /** Transactions; a tenth as many resource managers. */
    private static final int CROWD = 10_000;

    private static final int QUICK_CROWD = 500;

    private static final long SOAK = 1_000_000;
    private static final long QUICK_SOAK = 5_000;
    private static final int SOAK_PARTS = 10;
    private static final int SOAK_CLIENTS = 64;

    private final Options options;

    Benchmark(Options options) {
        this.options = options;
    }

    /** One line of the tables, with what each round found. */
    private record Cell(
            Measured system, Scenario scenario, Form form, int participants, int clients, List<Round> rounds) {

        Transaction transaction() {
            return system.transaction(form, participants, scenario.keys());
        }

        Row row() {
            return new Row(system.name().id(), scenario.id(), form.name(), participants, clients, rounds);
        }
    }

    Results run() {
        Instant startedAt = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        try (Fleet fleet = new Fleet(options);
                Load load = new Load()) {
            List<StartUp> startUps = fleet.startUps(options.rounds());
            List<Measured> systems = fleet.start();
            List<Memory> idle = Fleet.idle(systems);
            List<Cell> cells = cells(systems);
            warmUp(load, cells);
            for (int round = 0; round < options.rounds(); round++) {
                LOG.info("round %d of %d".formatted(round + 1, options.rounds()));
                // Every other round goes backwards, so that what comes before a cell is not always the same.
                for (Cell cell : round % 2 == 0 ? cells : cells.reversed()) {
                    try (Gathering _ = cell.system()
                            .gather(cell.scenario().crowd(), load, options.quick() ? QUICK_CROWD : CROWD)) {
                        cell.rounds().add(measure(load, cell));
                    }
                }
            }
            return new Results(
                    startedAt.toString(),
                    options.quick(),
                    Machines.here(),
                    String.join(" ", options.jvm()),
                    options.rounds(),
                    options.phase().toMillis(),
                    options.warmUp(),
                    fleet.leftOut(),
                    cells.stream().map(Cell::row).toList(),
                    startUps,
                    soak(load, systems),
                    Fleet.loaded(idle, systems));
        }
    }

    /** Systems that answer the same question stand next to each other, and so are measured one after the other. */
    private List<Cell> cells(List<Measured> systems) {
        List<Cell> cells = new ArrayList<>();
        for (Scenario scenario : options.scenarios()) {
            for (int participants : scenario.participants()) {
                for (int clients : scenario.clients(options.clients())) {
                    systems.stream()
                            .filter(system -> scenario.asks(system.name()))
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
    private void warmUp(Load load, List<Cell> cells) {
        record Warming(Measured system, Form form) {}
        WarmUp warmUp = new WarmUp(options.warmUp(), !options.quick());
        cells.stream()
                .map(cell -> new Warming(cell.system(), cell.form()))
                .distinct()
                .forEach(warming -> warmUp.run(
                        load,
                        warming.system().name().id() + " " + warming.form(),
                        warming.system().transaction(warming.form(), 2, Keys.MANY)));
    }

    private Round measure(Load load, Cell cell) {
        Transaction transaction = cell.transaction();
        load.last(transaction, cell.clients(), options.phase().dividedBy(RUN_IN_PART));
        // Asking for what is allocated costs the process something, which is not in its CPU.
        Meter allocated = new Meter(cell.system().processes(), JavaProcess::allocatedBytes);
        Meter cpu = new Meter(cell.system().processes(), process -> process.cpuSeconds() * 1e6);
        double loadBefore = ownCpuMicros();
        Tally tally = load.last(transaction, cell.clients(), options.phase());
        double loadCpu = (ownCpuMicros() - loadBefore) / Math.max(1, tally.ended());
        SequencedMap<String, Double> cpuMicros = cpu.perTransaction(tally.ended());
        SequencedMap<String, Double> bytes = allocated.perTransaction(tally.ended());
        cpuMicros.put("load", Figures.rounded(loadCpu));
        // Of what it has just reached: the machine, and how warm the process is, differ from round to round.
        double rate = options.rate() > 0 ? options.rate() : Math.max(1, tally.endedPerSecond() * OPEN_SHARE);
        Latencies latencies = load.open(transaction, cell.clients(), rate, options.phase());
        Round round = new Round(
                Figures.rounded(tally.endedPerSecond()),
                Figures.rounded((double) tally.rolledBack() / Math.max(1, tally.ended())),
                tally.failed() + latencies.failed(),
                cpuMicros,
                bytes,
                Figures.rounded(rate),
                latencies.micros().getValueAtPercentile(50) / 1e3,
                latencies.micros().getValueAtPercentile(99) / 1e3,
                latencies.micros().getMaxValue() / 1e3);
        LOG.info("%s, %s, %d participants, %d clients: %.0f/s, p50 %.2f ms, p99 %.2f ms, CPU µs %s, %d failed %s%s"
                .formatted(
                        cell.system().name().id(),
                        cell.scenario().id(),
                        cell.participants(),
                        cell.clients(),
                        round.perSecond(),
                        round.p50Millis(),
                        round.p99Millis(),
                        round.cpuMicros(),
                        round.failed(),
                        tally.complaint(),
                        latencies.complaint()));
        return round;
    }

    private List<Soak> soak(Load load, List<Measured> systems) {
        List<Soak> soaks = new ArrayList<>();
        if (!options.scenarios().contains(Scenario.SOAK)) {
            return soaks;
        }
        long part = (options.quick() ? QUICK_SOAK : SOAK) / SOAK_PARTS;
        for (Measured system : systems) {
            if (Scenario.SOAK.asks(system.name())) {
                Transaction transaction = system.transaction(Form.ONE_CALL, 2, Keys.MANY);
                SequencedMap<String, List<Double>> live = new LinkedHashMap<>();
                for (int number = 1; number <= SOAK_PARTS; number++) {
                    Tally tally = load.count(transaction, SOAK_CLIENTS, part);
                    system.processes()
                            .forEach((process, running) -> live.computeIfAbsent(process, _ -> new ArrayList<>())
                                    .add(Figures.rounded(running.liveBytes() / Fleet.MEGABYTE)));
                    LOG.info("soak of %s: %d done, %d failed, live MB %s"
                            .formatted(system.name().id(), number * part, tally.failed(), live));
                }
                live.forEach(
                        (process, megabytes) -> soaks.add(new Soak(system.name().id(), process, part, megabytes)));
            }
        }
        return soaks;
    }

    private static double ownCpuMicros() {
        return ProcessHandle.current()
                        .info()
                        .totalCpuDuration()
                        .orElse(Duration.ZERO)
                        .toNanos()
                / 1e3;
    }
}
