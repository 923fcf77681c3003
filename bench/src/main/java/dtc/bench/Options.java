package dtc.bench;

import dtc.bench.system.Peers;
import dtc.bench.system.ProcessLauncher;
import dtc.bench.system.SystemName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The options, from system properties {@code bench.*}. An empty property counts as absent.
 *
 * @param quick a run for development: everything once and briefly, hardly warmed up; its figures mean nothing
 * @param reportOnly writes the report from existing results
 * @param rounds how often everything is measured; in a paired run, in each fork
 * @param phase how long each closed loop and each open loop lasts
 * @param transactions how many each closed loop of a paired run has: the same number of collections in A and in B
 * @param rate transactions a second in each open loop; 0: a share of the throughput
 * @param warmUp the minimum number of transactions before anything is measured
 * @param jvm options of every measured JVM
 * @param target the build directory of the benchmark
 * @param output the directory of the results
 * @param pair what a paired run compares; null for a run beside the peers
 */
record Options(
        boolean quick,
        boolean reportOnly,
        List<Scenario> scenarios,
        List<SystemName> systems,
        List<Integer> clients,
        int rounds,
        Duration phase,
        long transactions,
        double rate,
        long warmUp,
        List<String> jvm,
        Path project,
        Path target,
        Path output,
        String quarkusVersion,
        Peers.Versions peers,
        @Nullable Pair pair) {

    private static final String JVM = "-Xms256m -Xmx1g -XX:+UseParallelGC";

    /** A heap of a fixed layout: otherwise the two builds end up with generations of different sizes. */
    private static final String PAIR_JVM = "-Xms1g -Xmx1g -XX:+UseParallelGC -XX:-UseAdaptiveSizePolicy";

    /**
     * What a paired run compares.
     *
     * @param a the {@code quarkus-app} directory of A; null: the one of this project
     * @param b that of B; null: the same as A
     * @param forks how often both are started anew
     * @param burnPercent additional CPU time of B's coordinator, to prove that it is detected; 0: none
     */
    record Pair(
            @Nullable Path a,
            List<String> aConfig,
            @Nullable Path b,
            List<String> bConfig,
            int forks,
            double burnPercent) {}

    static Options fromSystemProperties() {
        boolean quick = Boolean.parseBoolean(text("quick", "false"));
        Pair pair = pair(quick);
        boolean paired = pair != null;
        Path project = Path.of(text("project", ".")).toAbsolutePath().normalize();
        Path target = project.resolve("bench/target");
        // Only a complete run may replace the published results.
        boolean complete = !quick
                && !paired
                && Stream.of("scenarios", "systems", "clients", "rounds", "phase-millis", "rate", "warm-up")
                        .allMatch(name -> text(name, "").isEmpty());
        return new Options(
                quick,
                Boolean.parseBoolean(text("report-only", "false")),
                chosen(
                        "scenarios",
                        paired ? List.of(Scenario.ONE_CALL, Scenario.INTERACTIVE) : List.of(Scenario.values()),
                        Scenario::id),
                chosen(
                        "systems",
                        paired ? List.of(SystemName.DTC_MEMORY, SystemName.DTC_FILE) : List.of(SystemName.values()),
                        SystemName::id),
                Arrays.stream(text("clients", "1,6,16,64,256").split(","))
                        .map(Integer::valueOf)
                        .sorted(Comparator.naturalOrder())
                        .toList(),
                Integer.parseInt(text("rounds", quick ? "1" : paired ? "3" : "5")),
                Duration.ofMillis(Long.parseLong(text("phase-millis", quick ? "500" : paired ? "2000" : "5000"))),
                Long.parseLong(text("transactions", quick ? "500" : "10000")),
                Double.parseDouble(text("rate", "0")),
                Long.parseLong(text("warm-up", quick ? "500" : "30000")),
                words(text("jvm", paired ? PAIR_JVM : JVM)),
                project,
                target,
                project.resolve(text("output", complete ? "docs" : "bench/target/results")),
                text("quarkus-version", ""),
                new Peers.Versions(
                        text("narayana-version", ""), text("narayana-lra-version", ""), text("resteasy-version", "")),
                pair);
    }

    ProcessLauncher launcher() {
        return new ProcessLauncher(target.resolve("processes"), jvm);
    }

    private static @Nullable Pair pair(boolean quick) {
        if (Stream.of("a", "b", "a.config", "b.config", "pair")
                .allMatch(name -> text(name, "").isEmpty())) {
            return null;
        }
        String pair = text("pair", "self");
        if (!List.of("self", "burn").contains(pair)) {
            throw new IllegalArgumentException(
                    String.format(Locale.ROOT, "bench.pair=%s is neither self nor burn", pair));
        }
        return new Pair(
                path("a"),
                words(text("a.config", "")),
                path("b"),
                words(text("b.config", "")),
                Integer.parseInt(text("forks", quick ? "2" : "10")),
                pair.equals("burn") ? Double.parseDouble(text("burn-percent", "5")) : 0);
    }

    private static @Nullable Path path(String name) {
        String given = text(name, "");
        return given.isEmpty() ? null : Path.of(given).toAbsolutePath().normalize();
    }

    private static List<String> words(String text) {
        return text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
    }

    private static <T> List<T> chosen(String name, List<T> all, Function<T, String> id) {
        String given = text(name, "");
        if (given.isEmpty()) {
            return all;
        }
        List<String> ids = List.of(given.split(","));
        List<String> known = all.stream().map(id).toList();
        if (!known.containsAll(ids)) {
            throw new IllegalArgumentException(
                    String.format(Locale.ROOT, "bench.%s=%s: not all of these are in %s", name, given, known));
        }
        return all.stream().filter(one -> ids.contains(id.apply(one))).toList();
    }

    private static String text(String name, String otherwise) {
        String given = System.getProperty("bench." + name, "");
        return given.isEmpty() ? otherwise : given;
    }
}
