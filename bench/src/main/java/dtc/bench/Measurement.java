package dtc.bench;

import dtc.bench.Results.Round;
import dtc.bench.load.ClosedLoopResult;
import dtc.bench.load.LoadGenerator;
import dtc.bench.load.OpenLoopResult;
import dtc.bench.load.Transaction;
import dtc.bench.system.JavaProcess;
import dtc.bench.system.MeasuredSystem;
import java.time.Duration;
import java.util.SequencedMap;
import java.util.function.Supplier;

/**
 * Measures one system under one load.
 *
 * @param phase how long the closed loop and the open loop last, each
 */
record Measurement(LoadGenerator load, Duration phase) {

    /**
     * The share of a phase for which load runs before measuring begins, so that opening connections is not measured.
     */
    private static final int RUN_IN_PART = 10;

    /** The result of a closed loop, with what each process used for one transaction. */
    record Closed(ClosedLoopResult result, SequencedMap<String, Double> cpuMicros, SequencedMap<String, Double> bytes) {

        double perSecond() {
            return result.endedPerSecond();
        }

        double coordinatorMicros() {
            return cpuMicros.getOrDefault("coordinator", 0.0);
        }

        Round with(OpenLoopResult open) {
            return new Round(
                    Statistics.rounded(result.endedPerSecond()),
                    Statistics.rounded((double) result.rolledBack() / Math.max(1, result.ended())),
                    result.failed() + open.failed(),
                    cpuMicros,
                    bytes,
                    result.micros().getValueAtPercentile(50) / 1e3,
                    Statistics.rounded(open.offeredPerSecond()),
                    open.micros().getValueAtPercentile(50) / 1e3,
                    open.micros().getValueAtPercentile(99) / 1e3,
                    open.micros().getMaxValue() / 1e3);
        }
    }

    /** A closed loop of one phase. */
    Closed closed(MeasuredSystem system, Transaction transaction, int clients) {
        return closed(system, transaction, clients, () -> load.runFor(transaction, clients, phase));
    }

    /** A closed loop of a number of transactions. */
    Closed closed(MeasuredSystem system, Transaction transaction, int clients, long transactions) {
        return closed(system, transaction, clients, () -> load.run(transaction, clients, transactions));
    }

    private Closed closed(
            MeasuredSystem system, Transaction transaction, int clients, Supplier<ClosedLoopResult> loop) {
        load.runFor(transaction, clients, phase.dividedBy(RUN_IN_PART));
        // Reading the allocation costs the process CPU time, so it is read outside of the CPU reading.
        Meter allocated = new Meter(system.processes(), JavaProcess::allocatedBytes);
        Meter cpu = new Meter(system.processes(), process -> process.cpuSeconds() * 1e6);
        double loadBefore = ownCpuMicros();
        ClosedLoopResult result = loop.get();
        double loadCpu = (ownCpuMicros() - loadBefore) / Math.max(1, result.ended());
        SequencedMap<String, Double> cpuMicros = cpu.perTransaction(result.ended());
        SequencedMap<String, Double> bytes = allocated.perTransaction(result.ended());
        cpuMicros.put("load", Statistics.rounded(loadCpu));
        return new Closed(result, cpuMicros, bytes);
    }

    OpenLoopResult open(Transaction transaction, int clients, double perSecond) {
        return load.runAtRate(transaction, clients, perSecond, phase);
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
