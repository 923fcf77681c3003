package dtc.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dtc.testing.NoApplication;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The workflows cannot run here. This checks what they refer to: actions, jobs, outputs, files and Maven plugins. */
@NoApplication
class WorkflowsTest {

    private static final Path DIRECTORY = Path.of(".github/workflows");
    private static final Path RELEASE = DIRECTORY.resolve("release.yml");

    private static final YAMLMapper YAML = new YAMLMapper(YAMLFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build());

    private static final Pattern USES = Pattern.compile("(?m)uses: *(\\S+)(.*)$");
    private static final Pattern PINNED = Pattern.compile("[\\w.-]+/[\\w./-]+@[0-9a-f]{40}");
    private static final Pattern RELEASED = Pattern.compile(" # v\\d+\\.\\d+\\.\\d+");
    private static final Pattern OUTPUT = Pattern.compile("needs\\.(\\w+)\\.outputs\\.(\\w+)");
    private static final Pattern STEP_OUTPUT = Pattern.compile("steps\\.(\\w+)\\.outputs\\.(\\w+)");
    private static final Pattern SECRET = Pattern.compile("secrets\\.(\\w+)");

    /** A file of the repository in a command, without variables. */
    private static final Pattern FILE = Pattern.compile(
            "(?<![\\w./$-])((?:\\.ci|\\.github|docs|examples|k8s|parent|participant|src)/[\\w./-]+|CHANGELOG\\.md|mvnw)(?![\\w/*$-])");

    private static final Pattern PLUGIN = Pattern.compile("([\\w.]+):([\\w-]+-maven-plugin):\\w+");

    private static List<Path> workflows() throws IOException {
        try (Stream<Path> files = Files.list(DIRECTORY)) {
            return files.sorted().toList();
        }
    }

    private static List<String> mistakes(String text) throws IOException {
        List<String> mistakes = new ArrayList<>();
        USES.matcher(text).results().forEach(uses -> {
            String action = uses.group(1);
            boolean isLocal = action.startsWith("./");
            if (isLocal
                    ? !Files.exists(Path.of(action))
                    : !PINNED.matcher(action).matches()
                            || !RELEASED.matcher(uses.group(2)).matches()) {
                mistakes.add("not pinned: " + action);
            }
        });
        JsonNode workflow = YAML.readTree(text);
        if (!workflow.path("permissions").equals(YAML.readTree("contents: read"))) {
            mistakes.add("jobs have more permissions than they name");
        }
        workflow.path("jobs").properties().forEach(job -> job(job.getKey(), job.getValue(), workflow, mistakes));
        SECRET.matcher(text)
                .results()
                .filter(secret -> !secret.group(1).equals("GITHUB_TOKEN"))
                .forEach(secret -> mistakes.add("unknown secret " + secret.group(1)));
        return mistakes;
    }

    private static void job(String name, JsonNode job, JsonNode workflow, List<String> mistakes) {
        List<String> needed = new ArrayList<>();
        if (job.path("needs").isTextual()) {
            needed.add(job.path("needs").asText());
        }
        job.path("needs").forEach(need -> needed.add(need.asText()));
        needed.stream()
                .filter(need -> !workflow.path("jobs").has(need))
                .forEach(need -> mistakes.add("%s needs %s, which does not exist".formatted(name, need)));
        String text = job.toString();
        OUTPUT.matcher(text)
                .results()
                .filter(output -> !needed.contains(output.group(1))
                        || !workflow.path("jobs")
                                .path(output.group(1))
                                .path("outputs")
                                .has(output.group(2)))
                .forEach(output -> mistakes.add(name + " reads " + output.group() + ", which it does not get"));
        Map<String, String> outputs = new TreeMap<>();
        job.path("steps").forEach(step -> {
            String run = step.path("run").asText();
            outputs.put(step.path("id").asText(), run);
            FILE.matcher(run)
                    .results()
                    .filter(file -> !Files.exists(Path.of(file.group(1))))
                    .forEach(file -> mistakes.add(name + " uses " + file.group(1) + ", which does not exist"));
            PLUGIN.matcher(run)
                    .results()
                    .filter(plugin -> !Documents.read(Path.of("parent/pom.xml"))
                            .contains("<artifactId>%s</artifactId>".formatted(plugin.group(2))))
                    .forEach(plugin -> mistakes.add(name + " runs " + plugin.group() + " of no fixed version"));
            if (!run.isEmpty() && !isShell(run)) {
                mistakes.add(name + " runs what is not a script: " + run);
            }
        });
        STEP_OUTPUT
                .matcher(text)
                .results()
                .filter(output -> !outputs.getOrDefault(output.group(1), "").contains("\"" + output.group(2) + "="))
                .forEach(output -> mistakes.add(name + " reads " + output.group() + ", which no step writes"));
    }

    private static boolean isShell(String script) {
        try {
            Process shell = new ProcessBuilder("bash", "-n").start();
            try (var input = shell.outputWriter()) {
                input.write(script.replaceAll("\\$\\{\\{[^}]*}}", "value"));
            }
            return shell.waitFor() == 0;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Test
    void workflows_refer_to_what_exists() throws IOException {
        for (Path workflow : workflows()) {
            assertEquals(List.of(), mistakes(Documents.read(workflow)), workflow::toString);
        }
    }

    @Test
    void all_workflows_use_the_same_commit_of_an_action() throws IOException {
        Map<String, String> commits = new TreeMap<>();
        for (Path workflow : workflows()) {
            USES.matcher(Documents.read(workflow))
                    .results()
                    .map(uses -> uses.group(1))
                    .forEach(action -> {
                        String[] parts = action.split("@", -1);
                        if (parts.length == 2) {
                            String known = commits.putIfAbsent(parts[0], parts[1]);
                            assertTrue(known == null || known.equals(parts[1]), action);
                        }
                    });
        }
        assertTrue(commits.size() > 3, commits::toString);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    @08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0 | @v5                         | not pinned
                    # v5.0.0                                           | # main                      | not pinned
                    needs: [version, ci]                               | needs: [version, cj]        | does not exist
                    needs: [version, ci]                               | needs: [ci]                 | does not get
                    needs.version.outputs.version                      | needs.version.outputs.tag   | does not get
                    outputs.jvm                                        | outputs.jwm                 | no step writes
                    -f participant/pom.xml package                     | -f library/pom.xml package; cat src/x | src/x
                    src/main/docker/Dockerfile.jvm                     | src/main/docker/Dockerfile  | does not exist
                    cyclonedx-maven-plugin                             | bom-maven-plugin            | no fixed version
                    secrets.GITHUB_TOKEN                               | secrets.TOKEN               | unknown secret
                    for tag in                                         | foreach tag in              | not a script
                    uses: ./.github/workflows/ci.yml                   | uses: ./.github/workflows/c | not pinned
                    permissions:                                       | permission:                 | more permissions
                    """)
    void a_mistake_is_found(String text, String mistake, String found) throws IOException {
        String release = Documents.read(RELEASE);
        int at = release.indexOf(text);
        assertTrue(at >= 0, () -> "not there any more: " + text);
        List<String> mistakes = mistakes(release.substring(0, at) + mistake + release.substring(at + text.length()));
        assertTrue(mistakes.stream().anyMatch(one -> one.contains(found)), mistakes::toString);
    }
}
