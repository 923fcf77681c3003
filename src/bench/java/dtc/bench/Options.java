package dtc.bench;

import dtc.bench.system.Peers;
import dtc.bench.system.SystemName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What to measure, from system properties {@code bench.*}; those that are empty or absent count as not given.
 *
 * @param quick a run for development: everything once and briefly, hardly warmed; its figures mean nothing
 * @param reportOnly writes the tables and the chart anew from results that are there
 * @param rounds how often each cell is measured
 * @param phase how long each of a cell's two phases lasts
 * @param rate transactions a second that are due in each open loop; 0: a share of what the system has just reached
 * @param warmUp fewest transactions of each system in each form before anything is measured
 * @param jvm options of every JVM that is measured
 * @param output where the results go
 */
record Options(
        boolean quick,
        boolean reportOnly,
        List<Scenario> scenarios,
        List<SystemName> systems,
        List<Integer> clients,
        int rounds,
        Duration phase,
        double rate,
        long warmUp,
        List<String> jvm,
        Path project,
        Path output,
        String quarkusVersion,
        Peers.Versions peers) {

    private static final String JVM = "-Xms256m -Xmx1g -XX:+UseParallelGC";

    static Options fromSystemProperties() {
        boolean quick = Boolean.parseBoolean(text("quick", "false"));
        List<Scenario> scenarios = chosen("scenarios", Scenario.values(), Scenario::id);
        List<SystemName> systems = chosen("systems", SystemName.values(), SystemName::id);
        List<Integer> clients = Arrays.stream(text("clients", "1,6,16,64,256").split(","))
                .map(Integer::valueOf)
                .sorted(Comparator.naturalOrder())
                .toList();
        Path project = Path.of(text("project", "."));
        // Only a run that leaves nothing out may replace the published one.
        boolean whole = !quick
                && Stream.of("scenarios", "systems", "clients", "rounds", "phase-millis", "rate", "warm-up")
                        .allMatch(name -> text(name, "").isEmpty());
        return new Options(
                quick,
                Boolean.parseBoolean(text("report-only", "false")),
                scenarios,
                systems,
                clients,
                Integer.parseInt(text("rounds", quick ? "1" : "5")),
                Duration.ofMillis(Long.parseLong(text("phase-millis", quick ? "500" : "5000"))),
                Double.parseDouble(text("rate", "0")),
                Long.parseLong(text("warm-up", quick ? "500" : "30000")),
                List.of(text("jvm", JVM).split(" ")),
                project,
                project.resolve(text("output", whole ? "docs" : "target/bench-results")),
                text("quarkus-version", ""),
                new Peers.Versions(
                        text("narayana-version", ""), text("narayana-lra-version", ""), text("resteasy-version", "")));
    }

    private static <T> List<T> chosen(String name, T[] all, Function<T, String> id) {
        String given = text(name, "");
        if (given.isEmpty()) {
            return List.of(all);
        }
        List<String> ids = List.of(given.split(","));
        List<String> known = Arrays.stream(all).map(id).toList();
        if (!known.containsAll(ids)) {
            throw new IllegalArgumentException("bench.%s=%s is not made of %s".formatted(name, given, known));
        }
        return Arrays.stream(all).filter(one -> ids.contains(id.apply(one))).toList();
    }

    private static String text(String name, String otherwise) {
        String given = System.getProperty("bench." + name, "");
        return given.isEmpty() ? otherwise : given;
    }
}
