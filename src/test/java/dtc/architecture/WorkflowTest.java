package dtc.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A tag of an action can be moved to other code, a commit cannot. */
class WorkflowTest {

    private static final Pattern PINNED = Pattern.compile("\\s*(- )?uses: [\\w./-]+@[0-9a-f]{40} # v[0-9.]+");

    private static List<String> notPinned(List<String> lines) {
        return lines.stream()
                .filter(line -> line.contains("uses:"))
                .filter(line -> !PINNED.matcher(line).matches())
                .toList();
    }

    @Test
    void actions_are_pinned_by_commit() throws IOException {
        List<String> lines = Files.readAllLines(Path.of(".github/workflows/ci.yml"));
        assertFalse(lines.stream().noneMatch(PINNED.asMatchPredicate()));
        assertEquals(List.of(), notPinned(lines));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "      - uses: actions/checkout@v5",
                "        uses: actions/checkout@08c6903 # v5.0.0",
                "      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
                "      - uses: docker://alpine:3"
            })
    void a_tag_is_found(String line) {
        assertEquals(List.of(line), notPinned(List.of(line)));
    }
}
