package dtc.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A long source file is split, or listed in ADR 13 with the reason. */
class SourceLengthTest {

    private static final int LINES_MAX = 450;

    private static final Path RECORD = Path.of("docs/adr/0013-long-source-files.md");
    private static final Pattern LISTED = Pattern.compile("(?m)^- `(src/[^`]+\\.java)`");

    /** The files below {@code root} that are too long, as paths relative to {@code project}. */
    private static Set<String> tooLong(Path project, String root) throws IOException {
        Set<String> tooLong = new TreeSet<>();
        try (Stream<Path> files = Files.walk(project.resolve(root))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".java")).toList()) {
                if (Files.readAllLines(file).size() > LINES_MAX) {
                    tooLong.add(project.relativize(file).toString());
                }
            }
        }
        return tooLong;
    }

    @Test
    void long_files_are_those_of_the_record() throws IOException {
        Set<String> listed = LISTED.matcher(Files.readString(RECORD))
                .results()
                .map(line -> line.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        assertFalse(listed.isEmpty());
        assertEquals(listed, tooLong(Path.of(""), "src"));
    }

    @Test
    void a_long_file_is_found(@TempDir Path project) throws IOException {
        Path source = Files.createDirectories(project.resolve("src"));
        Files.writeString(source.resolve("Long.java"), "\n".repeat(LINES_MAX + 1));
        Files.writeString(source.resolve("Short.java"), "\n".repeat(LINES_MAX));
        assertEquals(Set.of("src/Long.java"), tooLong(project, "src"));
    }
}
