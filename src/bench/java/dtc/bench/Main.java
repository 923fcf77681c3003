package dtc.bench;

import java.nio.file.Path;
import java.util.logging.Logger;

/** Measures, and writes what it found. Options: {@link Options}. */
public final class Main {

    private static final Logger LOG = Logger.getLogger("bench");

    private Main() {}

    public static void main(String[] arguments) {
        Options options = Options.fromSystemProperties();
        Path file = options.output().resolve("performance.json");
        if (!options.reportOnly()) {
            new Benchmark(options).run().write(file);
        }
        Report.write(Results.read(file), options.project().resolve("docs/performance.md"), options.output());
        LOG.info("written to " + options.output());
        // Threads of libraries do not keep a benchmark alive.
        System.exit(0);
    }
}
