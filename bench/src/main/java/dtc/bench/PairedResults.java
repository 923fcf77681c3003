package dtc.bench;

import dtc.bench.Results.Machine;
import dtc.bench.Results.Round;
import java.util.List;

/**
 * The results of a paired run, as they are stored.
 *
 * @param quick a run for development; its figures mean nothing
 * @param a the directory and the configuration of A
 * @param b those of B
 * @param phaseMillis how long each open loop lasted
 * @param transactions how many each closed loop had
 * @param burnPercent the additional CPU time of B's coordinator that was aimed at; 0: none
 */
record PairedResults(
        String startedAt,
        boolean quick,
        Machine machine,
        String jvmOptions,
        String a,
        String b,
        double burnPercent,
        int rounds,
        long phaseMillis,
        long transactions,
        long warmUp,
        int clients,
        List<Comparison> comparisons) {

    /**
     * A and B in one scenario.
     *
     * @param burnMicros the CPU time for each transaction that was added to B's coordinator
     */
    record Comparison(String system, String scenario, double burnMicros, List<Fork> forks) {}

    /** The rounds of one pair of processes. Rounds with the same index were measured one after the other. */
    record Fork(List<Round> a, List<Round> b) {}
}
