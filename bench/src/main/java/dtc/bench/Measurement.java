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
                    Statistics.rounded(open.offeredPerSecond()),
                    open.micros().getValueAtPercentile(50) / 1e3,
                    open.micros().getValueAtPercentile(99) / 1e3,
                    open.micros().getMaxValue() / 1e3);
        }
    }

    /** What the processes of a system use from now on. */
    static final class Usage {
        private final Meter allocated;
        private final Meter cpu;

        Usage(MeasuredSystem system) {
            // Reading the allocation costs the process CPU time, so it is read outside of the CPU reading.
            allocated = new Meter(system.processes(), JavaProcess::allocatedBytes);
            cpu = new Meter(system.processes(), process -> process.cpuSeconds() * 1e6);
        }

        Closed end(ClosedLoopResult result) {
            SequencedMap<String, Double> cpuMicros = cpu.perTransaction(result.ended());
            return new Closed(result, cpuMicros, allocated.perTransaction(result.ended()));
        }
    }

    Closed closed(MeasuredSystem system, Transaction transaction, int clients) {
        load.runFor(transaction, clients, phase.dividedBy(RUN_IN_PART));
        double loadBefore = ownCpuMicros();
        Usage usage = new Usage(system);
        ClosedLoopResult result = load.runFor(transaction, clients, phase);
        Closed closed = usage.end(result);
        closed.cpuMicros().put("load", Statistics.rounded((ownCpuMicros() - loadBefore) / Math.max(1, result.ended())));
        return closed;
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
