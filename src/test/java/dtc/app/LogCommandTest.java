package dtc.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands for a log in a directory. */
class LogCommandTest {

    private static final Path KEPT = Path.of("src/test/resources/log/v1");

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream problems = new ByteArrayOutputStream();

    private int log(String... words) {
        return LogCommand.run(
                List.of(words),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(problems, true, StandardCharsets.UTF_8));
    }

    @Test
    void a_log_is_printed() {
        assertEquals(0, log("dump", KEPT.toString()));
        List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertEquals(9, lines.size(), lines.toString());
        assertTrue(lines.getLast().contains("\"kind\":\"forgotten\""), lines.getLast());
        assertTrue(lines.stream()
                .allMatch(line -> line.startsWith("{\"segment\":\"segment-00000000") && line.endsWith("}")));
    }

    @Test
    void damage_sets_the_exit_status(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("segment-0000000001.log"), "my shopping list");

        assertEquals(1, log("dump", directory.toString()));
        assertTrue(out.toString(StandardCharsets.UTF_8).contains("\"kind\":\"bad\""));
    }

    @Test
    void wrong_arguments_and_help_print_the_usage() {
        for (String[] words : List.of(new String[] {}, new String[] {"dump"}, new String[] {"show", "x"})) {
            problems.reset();
            assertEquals(2, log(words));
            assertTrue(problems.toString(StandardCharsets.UTF_8).startsWith("usage: log dump <directory>"));
        }
        assertEquals(0, log("--help"));
        assertTrue(out.toString(StandardCharsets.UTF_8).startsWith("usage: log dump <directory>"));
        problems.reset();
        assertEquals(2, log("dump", "nowhere"));
        assertEquals(
                Path.of("nowhere").toAbsolutePath() + " does not exist. Check the name of the directory",
                problems.toString(StandardCharsets.UTF_8).strip());
    }
}
