package dtc.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The architecture page maps each rule of the protocol page to its methods, and names only what exists. Methods are
 * looked up in the class files, so private ones count too.
 */
class RuleTableTest {

    private static final Path DOCS = Path.of("docs");

    private static final String TABLE_HEAD = "| Rule | In short | Decided in |\n|---|---|---|\n";

    private static final Pattern RULE = Pattern.compile("^- \\*\\*([A-Z]\\d+)\\*\\* ", Pattern.MULTILINE);
    private static final Pattern ROW = Pattern.compile("^\\| ([A-Z]\\d+(?:, [A-Z]\\d+)*) \\| [^|]+ \\| ([^|]+) \\|");
    private static final Pattern METHOD = Pattern.compile("`(\\w+)\\.(\\w+)`");
    /** A name in code style: packages, a class in camel case, a method. */
    private static final Pattern NAME = Pattern.compile("`((?:[a-z]+\\.)*)([A-Z]\\w*[a-z]\\w*)(?:\\.(\\w+))?`");

    private static final Pattern LINK = Pattern.compile("\\[([^]]+)]\\((?!https?:)([^)#]*)(?:#([^)]+))?\\)");
    private static final Pattern HEADING = Pattern.compile("^#+ (.+)$", Pattern.MULTILINE);

    private static final JavaClasses PRODUCT = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dtc");

    /** Checks a text that has two rule tables: first that of the state machines, then that of the other packages. */
    private static List<String> check(String page, String protocol) throws IOException {
        List<String> problems = new ArrayList<>();
        String[] parts = page.split(Pattern.quote(TABLE_HEAD), -1);
        if (parts.length != 3) {
            return List.of(String.format(Locale.ROOT, "%d rule tables", parts.length - 1));
        }
        List<String> ids = new ArrayList<>();
        for (String row : rows(parts[1])) {
            if (!checkRow(row, ids, problems).stream().allMatch(RuleTableTest::isStateMachine)) {
                problems.add("not only of the state machines: " + row);
            }
        }
        for (String row : rows(parts[2])) {
            List<JavaClass> owners = checkRow(row, ids, problems);
            if (!owners.isEmpty() && owners.stream().allMatch(RuleTableTest::isStateMachine)) {
                problems.add("of the state machines: " + row);
            }
        }
        checkIds(ids, RULE.matcher(protocol).results().map(m -> m.group(1)).toList(), problems);
        // A link to a file of the tests is resolved as a link only: the tests are not imported.
        NAME.matcher(page.replaceAll("\\[[^]]+]\\(\\.\\./src/test/[^)]+\\)", ""))
                .results()
                .filter(name -> !exists(name))
                .forEach(name -> problems.add("unknown name " + name.group()));
        for (MatchResult link : LINK.matcher(page).results().toList()) {
            if (!resolves(link, page)) {
                problems.add("broken link " + link.group());
            }
        }
        return problems;
    }

    private static List<String> rows(String afterHead) {
        return afterHead.lines().takeWhile(line -> line.startsWith("|")).toList();
    }

    /** Adds the ids of the row, and returns the classes that it names. */
    private static List<JavaClass> checkRow(String row, List<String> ids, List<String> problems) {
        List<JavaClass> owners = new ArrayList<>();
        ROW.matcher(row).results().forEach(m -> {
            ids.addAll(List.of(m.group(1).split(", ", -1)));
            METHOD.matcher(m.group(2)).results().forEach(method -> {
                List<JavaClass> found = named("", method.group(1)).toList();
                if (found.size() != 1) {
                    problems.add(String.format(Locale.ROOT, "%d classes %s", found.size(), method.group(1)));
                } else if (!hasMethod(found.getFirst(), method.group(2))) {
                    problems.add("no method " + method.group());
                }
                owners.addAll(found);
            });
        });
        if (owners.isEmpty()) {
            problems.add("no rule with a method: " + row);
        }
        return owners;
    }

    private static void checkIds(List<String> inTable, List<String> inProtocol, List<String> problems) {
        for (String id : Stream.concat(inTable.stream(), inProtocol.stream())
                .distinct()
                .sorted()
                .toList()) {
            long rows = inTable.stream().filter(id::equals).count();
            long rules = inProtocol.stream().filter(id::equals).count();
            if (rows != 1 || rules != 1) {
                problems.add(String.format(
                        Locale.ROOT, "rule %s: %d times in the protocol, %d times in the tables", id, rules, rows));
            }
        }
    }

    private static Stream<JavaClass> named(String packages, String name) {
        return PRODUCT.stream()
                .filter(c -> c.getSimpleName().equals(name))
                .filter(c -> packages.isEmpty() || (c.getPackageName() + ".").equals("dtc." + packages));
    }

    private static boolean hasMethod(JavaClass owner, String name) {
        return owner.getMethods().stream().anyMatch(method -> method.getName().equals(name));
    }

    private static boolean isStateMachine(JavaClass owner) {
        return owner.getPackageName().equals("dtc.coordinator")
                || owner.getPackageName().equals("dtc.resource");
    }

    private static boolean exists(MatchResult name) {
        return named(name.group(1), name.group(2)).anyMatch(c -> name.group(3) == null || hasMethod(c, name.group(3)));
    }

    private static boolean resolves(MatchResult link, String page) throws IOException {
        String target = link.group(2);
        Path file = DOCS.resolve(target);
        if (!Files.exists(file)) {
            return false;
        }
        List<MatchResult> classes = NAME.matcher(link.group(1)).results().toList();
        if (!classes.isEmpty()) {
            return file.endsWith(classes.getFirst().group(2) + ".java");
        }
        return link.group(3) == null
                || headings(target.isEmpty() ? page : Files.readString(file)).contains(link.group(3));
    }

    /** The anchors of the headings, as GitHub makes them. */
    private static List<String> headings(String markdown) {
        return HEADING.matcher(markdown)
                .results()
                .map(m -> m.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\w -]", "")
                        .replace(' ', '-'))
                .toList();
    }

    @Test
    void the_page_names_what_exists_and_maps_every_rule() throws IOException {
        assertEquals(
                List.of(),
                check(
                        Files.readString(DOCS.resolve("architecture.md")),
                        Files.readString(DOCS.resolve("protocol.md"))));
    }

    private static final String PROTOCOL =
            "- **V1** Counts as ABORT.\n- **V2** Is ignored.\n- **C1** Prepares first.\n";

    private static final String PAGE = "# Rules\n\nSee [rules](#rules), `coordinator.TwoPhaseCommit` and"
            + " [`Waiters.await`](../src/main/java/dtc/runtime/coordinator/Waiters.java).\n\n"
            + TABLE_HEAD
            + "| V1 | ABORT | `TwoPhaseCommit.votesOverdue`, `ReplyTable.ballot` |\n"
            + "| V2 | Ignored | `TwoPhaseCommit.voteArrived` |\n\n"
            + TABLE_HEAD
            + "| C1 | Prepares | `Coordinator.commit`, `TwoPhaseCommit.prepareRequested` |\n";

    @Test
    void a_correct_page_has_no_problems() throws IOException {
        assertEquals(List.of(), check(PAGE, PROTOCOL));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '!', textBlock = """
                    `Coordinator.commit` ! `Coordinator.refuse` ! no method `Coordinator.refuse`
                    `Coordinator.commit` ! `Coordination.commit` ! 0 classes Coordination
                    | V2 | ! | V3 | ! rule V2: 1 times in the protocol, 0 times in the tables
                    | V2 | ! | V3 | ! rule V3: 0 times in the protocol, 1 times in the tables
                    | V2 | ! | V2, V1 | ! rule V1: 1 times in the protocol, 2 times in the tables
                    `TwoPhaseCommit.voteArrived` | ! it | ! no rule with a method: | V2 | Ignored | it |
                    `Coordinator.commit`, ! ! of the state machines: | C1 | Prepares |  `TwoPhaseCommit.prepareRequested` |
                    `ReplyTable.ballot` ! `Waiters.await` ! not only of the state machines: | V1 | ABORT | `TwoPhaseCommit.votesOverdue`, `Waiters.await` |
                    `coordinator.TwoPhaseCommit` ! `resource.TwoPhaseCommit` ! unknown name `resource.TwoPhaseCommit`
                    `coordinator.TwoPhaseCommit` ! `Redelivery` ! unknown name `Redelivery`
                    `Waiters.await`] ! `Waiters.sleep`] ! unknown name `Waiters.sleep`
                    (#rules) ! (#rooms) ! broken link [rules](#rooms)
                    (#rules) ! (rooms.md) ! broken link [rules](rooms.md)
                    /Waiters.java ! /Writes.java ! broken link [`Waiters.await`](../src/main/java/dtc/runtime/coordinator/Writes.java)
                    """)
    void an_error_is_found(String correct, String wrong, String problem) throws IOException {
        String planted = PAGE.replace(correct, wrong == null ? "" : wrong);
        List<String> problems = check(planted, PROTOCOL);
        assertEquals(true, problems.contains(problem), problems::toString);
    }
}
