package dtc.bench;

import dtc.bench.Measurement.Closed;
import dtc.bench.Measurement.Usage;
import dtc.bench.Options.Pair;
import dtc.bench.PairedResults.Comparison;
import dtc.bench.PairedResults.Fork;
import dtc.bench.Results.Round;
import dtc.bench.load.ClosedLoopResult;
import dtc.bench.load.LoadGenerator;
import dtc.bench.load.OpenLoopResult;
import dtc.bench.load.Transaction;
import dtc.bench.system.Application;
import dtc.bench.system.BurningApplication;
import dtc.bench.system.Dtc;
import dtc.bench.system.Form;
import dtc.bench.system.ProcessLauncher;
import dtc.bench.system.SystemName;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Compares two builds A and B. Both run side by side, and only one has load at a time, in short slices in the order AB,
 * BA, AB and so on, so that a machine that gets slower or faster affects both equally. Both are started anew several
 * times (forks), since two JVMs can compile the same code differently, and more rounds would not average that out.
 */
final class PairedBenchmark {

    private static final Logger LOG = Logger.getLogger("bench");

    private static final int PARTICIPANTS = 2;

    /** The rate of the open loops, as a share of the throughput. At a higher one, queues dominate the latency. */
    private static final double OPEN_SHARE = 0.5;

    private static final int CALIBRATION_ROUNDS = 5;

    /**
     * Parts of a round, which alternate between A and B. Other load of the machine that lasts longer than a slice
     * affects both. The processes of the side that has no load use no CPU time.
     */
    private static final int SLICES = 20;

    private final Options options;
    private final Pair pair;
    private final Application a;
    private final Application b;
    private final int clients;

    PairedBenchmark(Options options, Pair pair, Application a, Application b) {
        this.options = options;
        this.pair = pair;
        this.a = a;
        this.b = b;
        this.clients = Scenario.usual(options.clients());
    }

    private record Side(String name, Dtc dtc, List<Round> rounds) {

        Side(String name, Dtc dtc) {
            this(name, dtc, new ArrayList<>());
        }
    }

    /** One system in one scenario, with what was measured so far. */
    private static final class Case {
        private final SystemName system;
        private final Scenario scenario;
        private final Form form;
        private final List<Fork> forks = new ArrayList<>();
        private double burnMicros;
        private double rate;

        Case(SystemName system, Scenario scenario) {
            this.system = system;
            this.scenario = scenario;
            this.form = scenario == Scenario.INTERACTIVE ? Form.INTERACTIVE : Form.ONE_CALL;
        }

        String id() {
            return system.id() + "-" + scenario.id();
        }

        Comparison comparison() {
            return new Comparison(system.id(), scenario.id(), Statistics.rounded(burnMicros), forks);
        }
    }

    PairedResults run() {
        Instant startedAt = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        List<Case> cases = options.systems().stream()
                .flatMap(system -> options.scenarios().stream().map(scenario -> new Case(system, scenario)))
                .toList();
        try (ProcessLauncher launcher = options.launcher();
                LoadGenerator load = new LoadGenerator()) {
            Application changed = pair.burnPercent() > 0 ? plantBurn(launcher, load, cases) : b;
            for (int fork = 0; fork < pair.forks(); fork++) {
                LOG.info(String.format(Locale.ROOT, "fork %d of %d", fork + 1, pair.forks()));
                for (Case current : cases) {
                    current.forks.add(fork(launcher, load, current, changed, fork));
                }
            }
        }
        return new PairedResults(
                startedAt.toString(),
                options.quick(),
                MachineInfo.here(),
                String.join(" ", options.jvm()),
                describe(a),
                describe(b),
                pair.burnPercent(),
                options.rounds(),
                options.phase().toMillis(),
                options.transactions(),
                options.warmUp(),
                clients,
                cases.stream().map(Case::comparison).toList());
    }

    private String describe(Application application) {
        return String.join(
                " ",
                Stream.concat(
                                Stream.of(options.project()
                                        .relativize(application.directory())
                                        .toString()),
                                application.options().stream())
                        .toList());
    }

    /** Measures the CPU time that A's coordinator needs for a transaction, and makes B need more. */
    private Application plantBurn(ProcessLauncher launcher, LoadGenerator load, List<Case> cases) {
        Measurement measurement = new Measurement(load, options.phase());
        for (Case current : cases) {
            String label = "calibration-" + current.id();
            try (Dtc dtc = start(launcher, load, current, a, label)) {
                double micros = Statistics.median(IntStream.range(0, CALIBRATION_ROUNDS)
                        .mapToDouble(_ -> measurement
                                .closed(dtc, transaction(current, dtc), clients)
                                .coordinatorMicros())
                        .toArray());
                current.burnMicros = micros * pair.burnPercent() / 100;
                LOG.info(String.format(Locale.ROOT, "%s: %.2f of %.1f µs", label, current.burnMicros, micros));
            }
        }
        return BurningApplication.copy(b, launcher.directory("burning"));
    }

    private Fork fork(ProcessLauncher launcher, LoadGenerator load, Case current, Application changed, int number) {
        Application burning = burning(changed, current);
        String label = current.id() + "-" + (number + 1);
        // What starts first alternates, too.
        boolean forward = number % 2 == 0;
        try (Dtc first = start(launcher, load, current, forward ? a : burning, label + "-first");
                Dtc second = start(launcher, load, current, forward ? burning : a, label + "-second")) {
            Side sideA = new Side("A", forward ? first : second);
            Side sideB = new Side("B", forward ? second : first);
            for (int round = 0; round < options.rounds(); round++) {
                measure(load, current, forward == (round % 2 == 0) ? List.of(sideA, sideB) : List.of(sideB, sideA));
            }
            return new Fork(sideA.rounds(), sideB.rounds());
        }
    }

    private Dtc start(
            ProcessLauncher launcher, LoadGenerator load, Case current, Application application, String label) {
        Dtc dtc = Dtc.start(launcher, application, current.system, label);
        new WarmUp(options.warmUp(), !options.quick()).run(load, label, dtc, transaction(current, dtc));
        return dtc;
    }

    private static Application burning(Application application, Case current) {
        return current.burnMicros > 0
                ? BurningApplication.configure(application, current.burnMicros / current.form.clientCalls(PARTICIPANTS))
                : application;
    }

    /** One round of both: closed loops, then open loops at the same rate, each in slices of both in turn. */
    private void measure(LoadGenerator load, Case current, List<Side> order) {
        List<Usage> usages = order.stream().map(side -> new Usage(side.dtc())).toList();
        List<ClosedLoopResult> closed = inSlices(
                order,
                side -> load.run(transaction(current, side.dtc()), clients, options.transactions() / SLICES),
                ClosedLoopResult::plus);
        List<Closed> used = IntStream.range(0, order.size())
                .mapToObj(number -> usages.get(number).end(closed.get(number)))
                .toList();
        if (current.rate == 0) {
            current.rate = options.rate() > 0
                    ? options.rate()
                    : OPEN_SHARE
                            * closed.stream()
                                    .mapToDouble(ClosedLoopResult::endedPerSecond)
                                    .min()
                                    .orElseThrow();
        }
        List<OpenLoopResult> open = inSlices(
                order,
                side -> load.runAtRate(
                        transaction(current, side.dtc()),
                        clients,
                        current.rate,
                        options.phase().dividedBy(SLICES)),
                OpenLoopResult::plus);
        for (int number = 0; number < order.size(); number++) {
            Round round = used.get(number).with(open.get(number));
            order.get(number).rounds().add(round);
            LOG.info(String.format(
                    Locale.ROOT,
                    "%s, %s: %.0f/s, coordinator %.1f µs, %.1f KB; p50 %.2f ms, p99 %.2f ms, %d failed",
                    current.id(),
                    order.get(number).name(),
                    round.perSecond(),
                    round.coordinatorMicros(),
                    round.coordinatorBytes() / 1024,
                    round.p50Millis(),
                    round.p99Millis(),
                    round.failed()));
        }
    }

    /** The sum of the slices of each side, which are run in the order AB, BA, AB and so on. */
    private static <T> List<T> inSlices(List<Side> order, Function<Side, T> slice, BinaryOperator<T> sum) {
        T first = slice.apply(order.getFirst());
        T last = slice.apply(order.getLast());
        for (int number = 1; number < SLICES; number++) {
            if (number % 2 == 0) {
                first = sum.apply(first, slice.apply(order.getFirst()));
                last = sum.apply(last, slice.apply(order.getLast()));
            } else {
                last = sum.apply(last, slice.apply(order.getLast()));
                first = sum.apply(first, slice.apply(order.getFirst()));
            }
        }
        return List.of(first, last);
    }

    private static Transaction transaction(Case current, Dtc dtc) {
        return dtc.transaction(current.form, PARTICIPANTS, current.scenario.keys());
    }
}
