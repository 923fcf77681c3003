package dtc.bench;

import dtc.bench.Options.Pair;
import dtc.bench.system.Application;
import java.nio.file.Path;
import java.util.List;
import java.util.logging.Logger;

/** Measures and writes a report. Options: {@link Options}. */
public final class Main {

    private static final Logger LOG = Logger.getLogger("bench");

    private Main() {}

    public static void main(String[] arguments) {
        Options options = Options.fromSystemProperties();
        Pair pair = options.pair();
        if (pair == null) {
            compareWithPeers(options);
        } else {
            compare(options, pair);
        }
        LOG.info("results: " + options.output());
    }

    private static void compareWithPeers(Options options) {
        Path file = options.output().resolve("performance.json");
        if (!options.reportOnly()) {
            Application application = new Application(ApplicationBuild.upToDate(options.project()));
            JsonFile.write(new Benchmark(options, application).run(), file);
        }
        Report.write(
                JsonFile.read(file, Results.class), options.project().resolve("docs/performance.md"), options.output());
    }

    private static void compare(Options options, Pair pair) {
        Path file = options.output().resolve("pair.json");
        if (!options.reportOnly()) {
            Path a = pair.a() == null ? ApplicationBuild.upToDate(options.project()) : pair.a();
            Path b = pair.b() == null ? a : pair.b();
            JsonFile.write(
                    new PairedBenchmark(
                                    options,
                                    pair,
                                    new Application(a, settings(pair.aConfig()), List.of()),
                                    new Application(b, settings(pair.bConfig()), List.of()))
                            .run(),
                    file);
        }
        LOG.info("\n" + PairedReport.write(JsonFile.read(file, PairedResults.class), options.output()));
    }

    private static List<String> settings(List<String> configuration) {
        return configuration.stream().map(setting -> "-D" + setting).toList();
    }
}
