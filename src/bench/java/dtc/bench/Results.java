package dtc.bench;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.ToDoubleFunction;

/**
 * Everything that a run found out, as it is kept.
 *
 * @param quick a run whose figures mean nothing
 * @param leftOut systems that were asked for and could not be measured, and why
 */
record Results(
        String startedAt,
        boolean quick,
        Machine machine,
        String jvmOptions,
        int rounds,
        long phaseMillis,
        long warmUp,
        List<String> leftOut,
        List<Row> rows,
        List<StartUp> startUps,
        List<Soak> soaks,
        List<Memory> memory) {

    /** What it ran on. */
    record Machine(String processor, int processors, long memoryMegabytes, String system, String java) {}

    /** One system in one scenario, with so many participants and clients. */
    record Row(String system, String scenario, String form, int participants, int clients, List<Round> rounds) {

        double median(ToDoubleFunction<Round> figure) {
            return Figures.median(rounds.stream().mapToDouble(figure).toArray());
        }

        double least(ToDoubleFunction<Round> figure) {
            return rounds.stream().mapToDouble(figure).min().orElseThrow();
        }

        double most(ToDoubleFunction<Round> figure) {
            return rounds.stream().mapToDouble(figure).max().orElseThrow();
        }

        long failed() {
            return rounds.stream().mapToLong(Round::failed).sum();
        }
    }

    /**
     * A closed phase, from which are throughput and costs, and an open one, from which are latencies.
     *
     * @param perSecond transactions that ended as their protocol has it, in the closed phase
     * @param rolledBackShare of those
     * @param failed transactions that did not, in both phases
     * @param cpuMicros by process, for each transaction that ended; the load generator's is {@code load}
     * @param allocatedBytes by process, for each transaction that ended
     * @param offeredPerSecond transactions due in the open phase
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
            double maxMillis) {}

    /** From the start of a process to the first transaction; {@code cached} where the JVM had its AOT cache. */
    record StartUp(String system, boolean cached, List<Double> seconds) {

        double median() {
            return Figures.median(
                    seconds.stream().mapToDouble(Double::doubleValue).toArray());
        }
    }

    /** What one process had in use after a full collection, each time after so many transactions more. */
    record Soak(String system, String process, long transactions, List<Double> liveMegabytes) {}

    /** Resident memory of one process, before its first load and after its last. */
    record Memory(String system, String process, double idleMegabytes, double loadedMegabytes) {}

    static Results read(Path file) {
        try {
            return JsonMapper.builder().build().readValue(file.toFile(), Results.class);
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** One line for each row, so that the file is small and its differences can be read. */
    void write(Path file) {
        DefaultPrettyPrinter lines = new DefaultPrettyPrinter();
        DefaultPrettyPrinter.Indenter indenter = new Lines();
        lines.indentObjectsWith(indenter);
        lines.indentArraysWith(indenter);
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(file, JsonMapper.builder().build().writer(lines).writeValueAsString(this) + "\n");
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private static final class Lines implements DefaultPrettyPrinter.Indenter {

        private static final int DEPTH_MAX = 2;

        @Override
        public void writeIndentation(JsonGenerator generator, int level) throws IOException {
            if (level <= DEPTH_MAX) {
                generator.writeRaw("\n" + "  ".repeat(level));
            }
        }

        @Override
        public boolean isInline() {
            return false;
        }
    }
}
