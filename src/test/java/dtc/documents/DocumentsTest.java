package dtc.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.testing.NoApplication;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checks the links, the terms and the commands of the documents. */
@NoApplication
class DocumentsTest {

    private static final int TERMS_MAX = 25;

    private static final Pattern CODE = Pattern.compile("```.*?```|`[^`]+`", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("]\\((?!https?:)([^)#]*)(?:#([^)]+))?\\)|src=\"([^\"]+)\"");
    private static final Pattern HEADING = Pattern.compile("^#+ (.+)$", Pattern.MULTILINE);
    private static final Pattern TERM = Pattern.compile("^\\| ([a-z][^|]*) \\|", Pattern.MULTILINE);

    /** Texts for users outside of the documents. */
    private static final List<Path> OTHER_TEXTS =
            List.of(Path.of("k8s/monitoring/rules.yaml"), Path.of("src/main/resources/META-INF/openapi.yaml"));

    /** Words that the documents do not use, and the term for the same concept. */
    private static final Map<String, String> REPLACED = Map.ofEntries(
            Map.entry("redeliver\\w*", "retry"),
            Map.entry("tries", "attempts, retries"),
            Map.entry("told|tells?|telling", "sent, delivered"),
            Map.entry("doom\\w*", "mark for rollback"),
            Map.entry("lanes?", "slot, request in flight"),
            Map.entry("under way", "in flight"),
            Map.entry("silent", "unresponsive"),
            Map.entry("heeds?", "checks"),
            Map.entry("folders?", "directory"),
            Map.entry("needs? a person|looked after", "requires action"),
            Map.entry("(no|any|some)body", "no process, no caller"),
            Map.entry("embedded", "hosted"),
            Map.entry("in one phase", "one-phase commit"),
            Map.entry("fate|whatever becomes", "outcome, result"));

    private static List<String> brokenLinks(Path document, String markdown) {
        List<String> broken = new ArrayList<>();
        for (MatchResult link :
                LINK.matcher(CODE.matcher(markdown).replaceAll("")).results().toList()) {
            String target = link.group(3) == null ? link.group(1) : link.group(3);
            Path file = target.isEmpty() ? document : document.resolveSibling(target);
            String anchor = link.group(2);
            if (!Files.exists(file)
                    || (anchor != null
                            && !anchors(target.isEmpty() ? markdown : Documents.read(file))
                                    .contains(anchor))) {
                broken.add(document + ": " + link.group());
            }
        }
        return broken;
    }

    /** The anchors of the headings, as GitHub generates them. */
    private static Set<String> anchors(String markdown) {
        Set<String> anchors = new HashSet<>();
        HEADING.matcher(markdown)
                .results()
                .forEach(heading -> anchors.add(heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\w -]", "")
                        .replace(' ', '-')));
        return anchors;
    }

    private static List<String> replacedWords(String text) {
        String prose = CODE.matcher(text).replaceAll("");
        return REPLACED.entrySet().stream()
                .flatMap(word -> Pattern.compile("\\b(" + word.getKey() + ")\\b", Pattern.CASE_INSENSITIVE)
                        .matcher(prose)
                        .results()
                        .map(found -> "\"" + found.group() + "\" at \"" + context(prose, found.start()) + "\", use: "
                                + word.getValue()))
                .sorted()
                .toList();
    }

    private static String context(String text, int position) {
        return text.substring(position, Math.min(text.length(), position + 40)).replace('\n', ' ');
    }

    @Test
    void links_lead_to_files_and_headings() {
        assertEquals(
                List.of(),
                Documents.all().stream()
                        .flatMap(document -> brokenLinks(document, Documents.read(document)).stream())
                        .toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"[x](no.md)", "[x](#no)", "[x](docs/protocol.md#no)", "<img src=\"no.png\">"})
    void a_broken_link_is_found(String link) {
        assertEquals(1, brokenLinks(Path.of("README.md"), "# Yes\n" + link).size());
    }

    @Test
    void the_glossary_is_short() {
        String protocol = Documents.read(Path.of("docs/protocol.md"));
        int start = protocol.indexOf("## Glossary");
        String glossary = protocol.substring(start, protocol.indexOf("\n## ", start));
        List<String> terms =
                TERM.matcher(glossary).results().map(row -> row.group(1)).toList();
        assertTrue(!terms.isEmpty() && terms.size() <= TERMS_MAX, terms::toString);
        assertEquals(terms.stream().distinct().toList(), terms);
    }

    @Test
    void texts_use_one_term_per_concept() {
        assertEquals(
                List.of(),
                Stream.concat(Documents.all().stream(), OTHER_TEXTS.stream())
                        .flatMap(file ->
                                replacedWords(Documents.read(file)).stream().map(word -> file + ": " + word))
                        .toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    Each participant is told it. | 1
                    10 redeliveries, 2 lanes    | 2
                    Each participant is sent it. | 0
                    The key `told`               | 0
                    """)
    void a_replaced_word_is_found(String text, int count) {
        assertEquals(count, replacedWords(text).size());
    }

    @Test
    void each_command_is_run_or_listed_with_a_reason() {
        List<ShellCommand> run = Stream.of(Documents.calls(), Documents.packaged(), Documents.checks())
                .flatMap(List::stream)
                .toList();
        List<String> notRun = Documents.notRun();
        assertEquals(
                List.of(),
                Documents.commands().stream()
                        .filter(command -> !run.contains(command))
                        .filter(command -> notRun.stream().noneMatch(command.text()::startsWith))
                        .toList(),
                "commands that no test runs and commands-not-run.txt does not list");
    }

    @Test
    void each_listed_command_is_in_a_document() {
        List<ShellCommand> commands = Documents.commands();
        assertEquals(
                List.of(),
                Documents.notRun().stream()
                        .filter(beginning -> commands.stream()
                                .noneMatch(command -> command.text().startsWith(beginning)))
                        .toList());
    }

    @Test
    void commands_are_parsed() {
        Path file = Path.of("x.md");
        assertEquals(
                List.of(
                        new ShellCommand(file, 3, "curl a \\\n-d '{\n}'", "{\"a\":1}"),
                        new ShellCommand(file, 3, "b", "")),
                ShellCommand.parse(file, """
                        ```yaml
                        no: command
                        ```
                        ```sh
                        curl a \\
                          -d '{
                          }'    # {"a":1}
                        b  # explanation
                        ```
                        """));
    }
}
