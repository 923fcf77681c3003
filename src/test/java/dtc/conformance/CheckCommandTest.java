package dtc.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.w3c.dom.Element;
import org.xml.sax.SAXException;

class CheckCommandTest {

    private static final String URL = "http://127.0.0.1:1/x";
    private static final String WRITE = "{\"key\":\"k\",\"value\":1}";

    @TempDir
    private Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... arguments) {
        return new CheckCommand(
                        Map.of(),
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8))
                .run(List.of(arguments));
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8);
    }

    static Stream<List<String>> wrongArguments() {
        return Stream.of(
                List.of(),
                List.of(URL),
                List.of(URL, URL, "--write", WRITE),
                List.of("127.0.0.1:1", "--write", WRITE),
                List.of("ftp://127.0.0.1:1", "--write", WRITE),
                List.of(URL, "--write", "{\"key\":\"k\"}"),
                List.of(URL, "--write", "{\"key\":1,\"value\":1}"),
                List.of(URL, "--write", WRITE, "--write", WRITE),
                List.of(URL, "--write"),
                List.of(URL, "--write", WRITE, "--listen", "8080"),
                List.of(URL, "--write", WRITE, "--profile", "all"),
                List.of(URL, "--write", WRITE, "--rows", "commits,none"),
                List.of(URL, "--write", WRITE, "--wait", "long"),
                List.of(URL, "--write", WRITE, "--other", "x"));
    }

    @ParameterizedTest
    @MethodSource("wrongArguments")
    void wrong_arguments_print_the_usage(List<String> arguments) {
        assertEquals(2, run(arguments.toArray(String[]::new)));
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("usage: rm check"));
        assertEquals("", output());
    }

    @Test
    void a_file_that_does_not_exist_is_an_error() {
        assertEquals(2, run(URL, "--write", WRITE, "--known-failing", "none"));
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("none"));
    }

    @Test
    void help_documents_each_option_as_the_guide_does() throws IOException {
        assertEquals(0, run("--help"));
        Pattern option = Pattern.compile("--[a-z-]+ <[^|`]*?>(?=[ `])");
        List<String> documented = option.matcher(Files.readString(Path.of("docs/write-a-resource-manager.md")))
                .results()
                .map(found -> found.group().replace("<names>", "<>"))
                .distinct()
                .sorted()
                .toList();
        assertEquals(
                documented,
                option.matcher(output())
                        .results()
                        .map(found -> found.group().replaceAll("<(profiles|names)>", "<>"))
                        .distinct()
                        .sorted()
                        .toList());
    }

    /** Checks a resource manager that does not register. */
    private int check(String... more) {
        return run(Stream.concat(
                        Stream.of(URL, "--write", WRITE, "--listen", "127.0.0.1:0", "--wait", "0"), Stream.of(more))
                .toArray(String[]::new));
    }

    @Test
    void without_a_registration_one_row_fails_and_the_others_are_skipped() {
        assertEquals(1, check("--rows", "registers,commits"));
        assertTrue(output().contains("FAILED   registers\n         no resource manager has registered"), this::output);
        assertTrue(output().contains("SKIPPED  commits: no resource manager has registered"), this::output);
        assertTrue(output().endsWith("0 passed, 1 failed, 1 skipped\n"), this::output);
    }

    @Test
    void the_default_is_each_profile_that_needs_no_option() {
        assertEquals(1, check());
        List<String> rows = output().lines()
                .filter(line -> line.startsWith("SKIPPED") || line.startsWith("FAILED"))
                .toList();
        assertEquals(
                CheckRun.allRows().stream()
                        .filter(row -> row.profile() != Row.Profile.DURABLE && row.profile() != Row.Profile.SLOW)
                        .count(),
                rows.size());
    }

    @Test
    void a_known_failure_does_not_fail_the_check() throws IOException {
        Path known = Files.writeString(directory.resolve("known"), "# reason\nregisters # why\n\n");
        assertEquals(0, check("--rows", "registers", "--known-failing", known.toString()));
        assertTrue(output().contains("FAILED   registers (known)"), this::output);
        assertTrue(output().endsWith("0 passed, 0 failed, 1 known to fail, 0 skipped\n"), this::output);
    }

    @Test
    void results_are_written_as_junit() throws IOException, ParserConfigurationException, SAXException {
        Path file = directory.resolve("junit.xml");
        assertEquals(1, check("--rows", "registers,batch", "--junit", file.toString()));
        Element suite = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(file.toFile())
                .getDocumentElement();
        assertEquals("2", suite.getAttribute("tests"));
        assertEquals("1", suite.getAttribute("failures"));
        assertEquals("1", suite.getAttribute("skipped"));
        Element failed = (Element) suite.getElementsByTagName("testcase").item(0);
        assertEquals("registers", failed.getAttribute("name"));
        assertEquals("rm.check.core", failed.getAttribute("classname"));
        assertTrue(((Element) failed.getElementsByTagName("failure").item(0))
                .getAttribute("message")
                .contains("contract: "));
    }
}
