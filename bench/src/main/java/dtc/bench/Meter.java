package dtc.bench;

import dtc.bench.system.JavaProcess;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.ToDoubleFunction;

/** Measures what each process uses of a resource while transactions run. */
final class Meter {

    private final SequencedMap<String, JavaProcess> processes;
    private final ToDoubleFunction<JavaProcess> reading;
    private final SequencedMap<String, Double> before;

    /** Takes the first reading. */
    Meter(SequencedMap<String, JavaProcess> processes, ToDoubleFunction<JavaProcess> reading) {
        this.processes = processes;
        this.reading = reading;
        this.before = read();
    }

    /** Takes the second reading. */
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
