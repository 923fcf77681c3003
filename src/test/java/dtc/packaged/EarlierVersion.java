package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The last commit that implements version 1 of the contract, built from the history of this repository. */
final class EarlierVersion {

    private static final String COMMIT = "f883709a8a72bdfa5a54a68f92f904e79d9764ae";

    private static final Path DIRECTORY = Path.of("target", "earlier-version").toAbsolutePath();

    private EarlierVersion() {}

    /** Returns its jar. It is built once. Without a history, as in an archive of the sources, the test is skipped. */
    static Path jar() throws IOException, InterruptedException {
        Path sources = DIRECTORY.resolve(COMMIT);
        Path jar = sources.resolve("target").resolve("quarkus-app").resolve("quarkus-run.jar");
        if (!Files.exists(jar)) {
            Files.createDirectories(sources);
            Path archive = DIRECTORY.resolve("sources.tar");
            requireHistory(archive);
            run(sources, "tar", "-xf", archive.toString());
            run(sources, "./mvnw", "-B", "-q", "-ntp", "package", "-Dmaven.test.skip=true");
        }
        return jar;
    }

    private static void requireHistory(Path archive) throws IOException, InterruptedException {
        int exit = start(Path.of("").toAbsolutePath(), "git", "archive", "-o", archive.toString(), COMMIT)
                .waitFor();
        if (exit != 0) {
            abort("commit " + COMMIT + " not found: the test of mixed versions needs the history of the repository");
        }
    }

    private static void run(Path directory, String... command) throws IOException, InterruptedException {
        assertEquals(0, start(directory, command).waitFor(), () -> String.join(" ", command));
    }

    private static Process start(Path directory, String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(List.of(command))
                .directory(directory.toFile())
                .inheritIO();
        // Set by the build that runs this test.
        builder.environment().keySet().removeIf(key -> key.startsWith("MAVEN_"));
        return builder.start();
    }
}
