package dtc.bench;

import java.util.List;
import java.util.SequencedMap;
import java.util.function.ToDoubleFunction;

/**
 * The results of a run, as they are stored.
 *
 * @param quick a run for development; its figures mean nothing
 */
record Results(
        String startedAt,
        boolean quick,
        Machine machine,
        String jvmOptions,
        int rounds,
        long phaseMillis,
        long warmUp,
        List<Row> rows,
        List<StartUp> startUps,
        List<Soak> soaks,
        List<Memory> memory) {

    /** The machine that it ran on. */
    record Machine(String processor, int processors, long memoryMegabytes, String system, String java) {}

    /** One system in one scenario. */
    record Row(String system, String scenario, String form, int participants, int clients, List<Round> rounds) {

        double median(ToDoubleFunction<Round> figure) {
            return Statistics.median(rounds.stream().mapToDouble(figure).toArray());
        }

        double least(ToDoubleFunction<Round> figure) {
            return rounds.stream().mapToDouble(figure).min().orElseThrow();
        }

        double most(ToDoubleFunction<Round> figure) {
            return rounds.stream().mapToDouble(figure).max().orElseThrow();
        }

        /** The mean latency that a client has in the closed loop. */
        double clientMillis(Round round) {
            return 1e3 * clients / round.perSecond();
        }

        long failed() {
            return rounds.stream().mapToLong(Round::failed).sum();
        }
    }

    /**
     * The result of a closed loop (throughput, CPU, allocation) and an open loop (latency).
     *
     * @param perSecond transactions that ended as the protocol promises, in the closed loop
     * @param rolledBackShare the share of those that rolled back
     * @param failed transactions that failed, in both loops
     * @param cpuMicros CPU time for each transaction by process; the load generator's is {@code load}
     * @param allocatedBytes allocation for each transaction by process
     * @param offeredPerSecond transactions due in the open loop
     */
    record Round(
            double perSecond,
            double rolledBackShare,
            long failed,
            SequencedMap<String, Double> cpuMicros,
            SequencedMap<String, Double> allocatedBytes,
            double offeredPerSecond,
            double p50Millis,
            double p99Millis,
            double maxMillis) {

        double coordinatorMicros() {
            return cpuMicros.getOrDefault("coordinator", 0.0);
        }

        double coordinatorBytes() {
            return allocatedBytes.getOrDefault("coordinator", 0.0);
        }
    }

    /** From the start of a process to the first transaction; {@code cached} if the JVM had an AOT cache. */
    record StartUp(String system, boolean cached, List<Double> seconds) {

        double median() {
            return Statistics.median(
                    seconds.stream().mapToDouble(Double::doubleValue).toArray());
        }
    }

    /** The heap of one process after a full collection, each time after a number of transactions more. */
    record Soak(String system, String process, long transactions, List<Double> liveMegabytes) {}

    /** Resident memory of one process, before its first load and after its last. */
    record Memory(String system, String process, double idleMegabytes, double loadedMegabytes) {}
}
