package dtc.bench.system;

import java.nio.file.Path;
import java.util.List;

/**
 * A packaged build of DTC and its configuration.
 *
 * @param directory the {@code quarkus-app} directory
 * @param options JVM options of all its processes, among them configuration as {@code -D}
 * @param coordinatorOptions those of the coordinator only
 */
public record Application(Path directory, List<String> options, List<String> coordinatorOptions) {

    public Application(Path directory) {
        this(directory, List.of(), List.of());
    }

    Path jar() {
        return directory.resolve("quarkus-run.jar");
    }
}
