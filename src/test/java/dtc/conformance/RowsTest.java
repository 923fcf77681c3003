package dtc.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class RowsTest {

    private static final Path GUIDE = Path.of("docs/write-a-resource-manager.md");
    private static final List<Path> DOCUMENTS = List.of(Path.of("docs/protocol.md"), GUIDE, Path.of("README.md"));
    private static final Pattern PYTHON = Pattern.compile("```python\\n(.*?)```", Pattern.DOTALL);
    private static final Path EXAMPLE = Path.of("examples/stock-python/stock.py");
    private static final Path DEPENDING_ON_TIME = Path.of("src/test/resources/dtc/conformance/depending-on-time.txt");

    private static String documents() throws IOException {
        StringBuilder text = new StringBuilder();
        for (Path document : DOCUMENTS) {
            text.append(Files.readString(document)).append('\n');
        }
        return text.toString().replaceAll("\\s+", " ");
    }

    @Test
    void names_are_unique_and_short() {
        List<String> names = CheckRun.allRows().stream().map(Row::name).toList();
        assertEquals(names.stream().distinct().toList(), names);
        assertEquals(
                List.of(),
                names.stream()
                        .filter(name -> !name.matches("[a-z]+(-[a-z]+){0,3}"))
                        .toList());
    }

    @Test
    void each_rule_is_a_sentence_of_the_documents() throws IOException {
        String documents = documents();
        assertEquals(
                List.of(),
                CheckRun.allRows().stream()
                        .filter(row -> !documents.contains(row.rule()))
                        .map(row -> row.name() + ": " + row.rule())
                        .toList());
    }

    @Test
    void the_guide_quotes_the_example() throws IOException {
        String example = Files.readString(EXAMPLE);
        List<String> excerpts = PYTHON.matcher(Files.readString(GUIDE))
                .results()
                .map((MatchResult block) -> block.group(1))
                .toList();
        assertFalse(excerpts.isEmpty());
        assertEquals(
                List.of(),
                excerpts.stream().filter(excerpt -> !example.contains(excerpt)).toList());
    }

    @Test
    void the_rows_that_depend_on_time_are_listed() throws IOException {
        assertEquals(
                CheckRun.allRows().stream()
                        .filter(Row::dependsOnTime)
                        .map(Row::name)
                        .sorted()
                        .toList(),
                Files.readAllLines(DEPENDING_ON_TIME).stream()
                        .filter(line -> !line.startsWith("#"))
                        .toList());
    }
}
