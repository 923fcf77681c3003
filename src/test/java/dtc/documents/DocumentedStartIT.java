package dtc.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dtc.packaged.JsonClient;
import dtc.packaged.Processes;
import dtc.runtime.BuildVersion;
import dtc.testing.NoApplication;
import dtc.testing.Waiting;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the commands in the documents that start the packaged application, on other ports. */
@NoApplication
class DocumentedStartIT {

    private static final Path LOG = Path.of("src/test/resources/log/v4-all-kinds");

    private final JsonClient http = new JsonClient();

    @TempDir
    private Path directory;

    @BeforeAll
    static void require_jar() {
        assumeTrue(Files.exists(Path.of("target/quarkus-app/quarkus-run.jar")), "a native binary was built");
    }

    private static boolean isService(ShellCommand command) {
        return command.text().endsWith("quarkus-run.jar");
    }

    private static Map<String, String> environment() {
        return Map.of(
                "PATH",
                Path.of(System.getProperty("java.home"), "bin") + File.pathSeparator + System.getenv("PATH"),
                "JAVA_TOOL_OPTIONS",
                System.getProperty("test.application.args", "-Xmx256m"));
    }

    @Test
    void the_service_starts_with_the_documented_commands() throws IOException {
        Map<Integer, List<ShellCommand>> blocks = new TreeMap<>();
        for (ShellCommand command : Documents.packaged()) {
            if (isService(command)) {
                blocks.computeIfAbsent(command.block(), _ -> new ArrayList<>()).add(command);
            }
        }
        assertEquals(List.of(1, 3), blocks.values().stream().map(List::size).toList());
        for (List<ShellCommand> commands : blocks.values()) {
            startAndCommit(commands);
        }
    }

    private void startAndCommit(List<ShellCommand> commands) throws IOException {
        List<Process> started = new ArrayList<>();
        try (Processes ports = new Processes("documented")) {
            Map<String, String> replaced = new TreeMap<>();
            List.of("8080", "8081", "8082").forEach(port -> replaced.put(port, Integer.toString(ports.freePort())));
            for (ShellCommand command : commands) {
                started.add(start(command, replaced));
            }
            commits("http://127.0.0.1:" + replaced.get("8080"));
            assertTrue(started.stream().allMatch(Process::isAlive));
        } finally {
            started.forEach(shell -> {
                shell.descendants().forEach(ProcessHandle::destroyForcibly);
                shell.destroyForcibly();
            });
        }
    }

    private Process start(ShellCommand command, Map<String, String> replacedPorts) throws IOException {
        String text = command.text();
        for (Map.Entry<String, String> port : replacedPorts.entrySet()) {
            text = text.replace(port.getKey(), port.getValue());
        }
        ProcessBuilder builder = new ProcessBuilder("bash", "-c", text)
                .redirectErrorStream(true)
                .redirectOutput(
                        Files.createTempFile(directory, "service", ".log").toFile());
        builder.environment().keySet().removeIf(key -> key.startsWith("QUARKUS_") || key.startsWith("DTC_"));
        builder.environment().putAll(environment());
        builder.environment().put("QUARKUS_HTTP_PORT", replacedPorts.get("8080"));
        return builder.start();
    }

    private void commits(String coordinator) {
        Waiting.await("a commit")
                .ignoreExceptions()
                .until(() ->
                        http.post(coordinator + "/transactions", """
                                {"autoCommit":true,"writes":[
                                  {"resourceManager":"orders","key":"o-1","value":1},
                                  {"resourceManager":"payments","key":"p-1","value":1}]}""").body().contains("\"state\":\"COMMITTED\""));
    }

    @Test
    void the_documented_commands_accept_a_log_and_print_the_version() throws IOException {
        List<String> commands = Documents.packaged().stream()
                .filter(command -> !isService(command))
                .map(command -> command.text().replace("<directory>", directory.toString()))
                .toList();
        assertEquals(5, commands.size());
        try (Stream<Path> files = Files.list(LOG)) {
            for (Path file : files.toList()) {
                Files.copy(file, directory.resolve(file.getFileName()));
            }
        }

        List<String> outputs = Shell.run(commands, environment());

        assertTrue(outputs.getFirst().contains("\"kind\":\"transaction\""), outputs::toString);
        assertTrue(outputs.getLast().contains("dtc " + BuildVersion.CURRENT), outputs::toString);
    }
}
