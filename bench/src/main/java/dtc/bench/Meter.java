package dtc.bench;

import dtc.bench.system.JavaProcess;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.ToDoubleFunction;

/** What processes use of something while transactions run. */
final class Meter {

    private final SequencedMap<String, JavaProcess> processes;
    private final ToDoubleFunction<JavaProcess> reading;
    private final SequencedMap<String, Double> before;

    /** Reads it for the first time. */
    Meter(SequencedMap<String, JavaProcess> processes, ToDoubleFunction<JavaProcess> reading) {
        this.processes = processes;
        this.reading = reading;
        this.before = read();
    }

    /** Reads it again. */
    SequencedMap<String, Double> perTransaction(long transactions) {
        SequencedMap<String, Double> used = new LinkedHashMap<>();
        read().forEach((process, after) -> used.put(
                process, Statistics.rounded((after - before.getOrDefault(process, 0.0)) / Math.max(1, transactions))));
        return used;
    }

    private SequencedMap<String, Double> read() {
        SequencedMap<String, Double> readings = new LinkedHashMap<>();
        processes.forEach((name, process) -> readings.put(name, reading.applyAsDouble(process)));
        return readings;
    }
}
