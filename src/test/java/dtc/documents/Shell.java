package dtc.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Runs commands one after the other in one shell. */
final class Shell {

    private static final Duration MAX = Duration.ofMinutes(2);
    private static final String SEPARATOR = "\u001e";

    private Shell() {}

    /** Returns the output of each command. Fails if a command fails. */
    static List<String> run(List<String> commands, Map<String, String> environment) {
        String script = commands.stream()
                .map(command -> command + "\nprintf '\\036'\n")
                .collect(Collectors.joining("", "set -euo pipefail\n", ""));
        try {
            Path output = Files.createTempFile("documented", ".txt");
            ProcessBuilder builder = new ProcessBuilder("bash", "-c", script)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile());
            builder.environment().putAll(environment);
            Process process = builder.start();
            try {
                assertTrue(process.waitFor(MAX), () -> "does not end: " + script);
                String text = Files.readString(output);
                assertEquals(0, process.exitValue(), () -> script + text);
                return List.of(text.split(SEPARATOR, commands.size()));
            } finally {
                process.destroyForcibly();
                Files.delete(output);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
