package dtc.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dtc.packaged.Processes;
import dtc.testing.NoApplication;
import dtc.testing.RequiredTool;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs {@code rm check} on the example as the documents do, on other ports. */
@NoApplication
class DocumentedCheckIT {

    /** Rows that may fail because other tests run at the same time. */
    private static final Path DEPENDING_ON_TIME = Path.of("src/test/resources/dtc/conformance/depending-on-time.txt");

    @TempDir
    private Path directory;

    @BeforeAll
    static void require_jar() {
        RequiredTool.PYTHON.require();
        assumeTrue(Files.exists(Path.of("target/quarkus-app/quarkus-run.jar")), "a native binary was built");
    }

    @AfterEach
    void end_example() throws IOException {
        ProcessHandle.of(Long.parseLong(
                        Files.readString(directory.resolve("pid")).strip()))
                .ifPresent(ProcessHandle::destroyForcibly);
    }

    @Test
    void the_example_passes_the_documented_check() {
        List<String> commands;
        try (Processes ports = new Processes("documented-check")) {
            String coordinator = "127.0.0.1:" + ports.freePort();
            String port = Integer.toString(ports.freePort());
            String restart = "'%s --coordinator http://%s --port %s'".formatted(Documents.RESTART, coordinator, port);
            commands = Documents.checks().stream()
                    .map(command -> command.text().startsWith(Documents.RESTART)
                            ? "sh -c " + restart
                            : command.text().replace("9000", port).replace(Documents.RESTART, restart) + " --listen "
                                    + coordinator + " --known-failing " + DEPENDING_ON_TIME)
                    .toList();
        }
        assertEquals(2, commands.size());

        List<String> outputs = Shell.run(
                commands,
                Map.of(
                        "PATH",
                        Path.of(System.getProperty("java.home"), "bin") + File.pathSeparator + System.getenv("PATH"),
                        "JAVA_TOOL_OPTIONS",
                        System.getProperty("test.application.args", "-Xmx256m"),
                        "STOCK_RUN",
                        directory.toString()));

        assertTrue(outputs.getLast().contains(" 0 failed"), outputs::toString);
    }
}
