package dtc.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dtc.testing.NoApplication;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The alerts fire on what they are for, and on nothing else: promtool runs {@code alerts-test.yml} on the rules. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@NoApplication
class AlertsTest {

    private static final YAMLMapper YAML =
            YAMLMapper.builder().disable(YAMLGenerator.Feature.SPLIT_LINES).build();
    private static final Path CASES = Path.of("src/test/resources/dtc/kubernetes/alerts-test.yml");
    private static final Path OPERATIONS = Path.of("docs/operations.md");

    private final PrometheusRule rules = rules();

    private final Path directory;

    /** @param directory shared by all tests, which run at the same time */
    AlertsTest(@TempDir Path directory) {
        this.directory = directory;
    }

    private static PrometheusRule rules() {
        try {
            return Manifests.parse(Manifests.build("overlays/production"))
                    .all(PrometheusRule.class)
                    .getFirst();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private String text() throws IOException {
        return YAML.writeValueAsString(rules.getSpec());
    }

    private Tool.Result promtool(String kind, String text) throws IOException {
        return promtool(kind, text, Files.readString(CASES));
    }

    private Tool.Result promtool(String kind, String text, String cases) throws IOException {
        Path files = Files.createTempDirectory(directory, kind);
        Files.writeString(files.resolve("rules.yml"), text);
        Files.writeString(files.resolve("alerts-test.yml"), cases);
        return Tool.PROMTOOL.run(files, kind, "rules", kind.equals("test") ? "alerts-test.yml" : "rules.yml");
    }

    @Test
    void rules_are_well_formed() throws IOException {
        Tool.Result checked = promtool("check", text());
        assertTrue(checked.isSuccess(), checked::errors);
    }

    @Test
    void alerts_fire_when_they_should() throws IOException {
        Tool.Result tested = promtool("test", text());
        assertTrue(tested.isSuccess(), () -> tested.output() + tested.errors());
    }

    @Test
    void each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() throws IOException {
        Set<String> fires = new TreeSet<>();
        Set<String> isSilent = new TreeSet<>();
        for (JsonNode test : YAML.readTree(CASES.toFile()).get("tests")) {
            for (JsonNode alert : test.get("alert_rule_test")) {
                Set<String> seen = alert.path("exp_alerts").isEmpty() ? isSilent : fires;
                seen.add(alert.get("alertname").asText());
            }
        }
        assertEquals(alerts(), fires);
        assertEquals(alerts(), isSilent);
    }

    @Test
    void each_alert_is_explained() throws IOException {
        Set<String> explained = new TreeSet<>();
        for (String line : Files.readAllLines(OPERATIONS)) {
            if (line.startsWith("### Dtc")) {
                explained.add(line.substring("### ".length()));
            }
        }
        assertEquals(alerts(), explained);
        rules.getSpec().getGroups().stream()
                .flatMap(group -> group.getRules().stream())
                .filter(rule -> rule.getAlert() != null)
                .forEach(rule -> assertEquals(
                        "https://docs.example.com/dtc/operations#"
                                + rule.getAlert().toLowerCase(Locale.ROOT),
                        rule.getAnnotations().get("runbook_url")));
    }

    @Test
    void the_documented_patch_makes_the_links_to_runbooks_absolute() throws IOException {
        String patch = Stream.of(Files.readString(OPERATIONS).split("```", -1))
                .filter(block -> block.startsWith("yaml") && block.contains("name: runbooks"))
                .findFirst()
                .orElseThrow()
                .substring("yaml".length());
        Path overlay = Files.createDirectory(directory.resolve("overlay"));
        Files.writeString(
                overlay.resolve("kustomization.yaml"),
                "resources: [%s]\n%s"
                        .formatted(
                                overlay.toRealPath()
                                        .relativize(Manifests.DIRECTORY
                                                .resolve("monitoring")
                                                .toRealPath()),
                                patch));
        Tool.Result built = Tool.KUBECTL.run(overlay, "kustomize", ".");
        assertTrue(built.isSuccess(), built::errors);
        Manifests.parse(built.output()).all(PrometheusRule.class).getFirst().getSpec().getGroups().stream()
                .flatMap(group -> group.getRules().stream())
                .filter(rule -> rule.getAlert() != null)
                .forEach(rule -> assertEquals(
                        "https://wiki.example.com/dtc/operations#"
                                + rule.getAlert().toLowerCase(Locale.ROOT),
                        rule.getAnnotations().get("runbook_url")));
    }

    /** The alerts are the same for each installation. */
    @Test
    void no_alert_names_a_namespace() {
        assertEquals(
                List.of(), expressions().filter(e -> e.contains("namespace=")).toList());
    }

    /** A panel shows what an alert is about. */
    @Test
    void the_metrics_of_each_alert_have_a_panel() throws IOException {
        String panels =
                String.join("\n", Expressions.ofDashboards(Manifests.parse(Manifests.build("overlays/production"))));
        Pattern metric = Pattern.compile("\\b(?:dtc|kubelet)[_:][a-z_:0-9]+");
        Set<String> withoutPanel = new TreeSet<>();
        expressions()
                .flatMap(expression -> metric.matcher(expression).results().map(MatchResult::group))
                .filter(name -> !panels.contains(name))
                .forEach(withoutPanel::add);
        assertEquals(Set.of("dtc:commit_slow:ratio_rate5m"), withoutPanel); // the other windows are shown
    }

    private Stream<String> expressions() {
        return rules.getSpec().getGroups().stream()
                .flatMap(group -> group.getRules().stream())
                .filter(rule -> rule.getAlert() != null)
                .map(rule -> rule.getExpr().getStrVal());
    }

    private Set<String> alerts() {
        Set<String> alerts = new TreeSet<>();
        rules.getSpec().getGroups().stream()
                .flatMap(group -> group.getRules().stream())
                .filter(rule -> rule.getAlert() != null)
                .forEach(rule -> alerts.add(rule.getAlert()));
        return alerts;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    check | sum by (namespace, pod) (rate    | sum by (namespace, pod) (rat
                    check | for: "2m"                        | for: "soon"
                    test  | unless group by (namespace)      | unless group by (pod)
                    test  | in_flight[3d])) unless           | in_flight[5m])) unless
                    test  | dtc_in_doubt_oldest_seconds) > 60 | dtc_in_doubt_oldest_seconds) > 600
                    test  | for: "30s"                       | for: "30m"
                    test  | (dtc_heuristic_unresolved) > 0   | (dtc_heuristic_unresolved) > 2
                    test  | or absent(                       | unless absent(
                    test  | < 0.2 and on (namespace)         | < 0.2 or on (namespace)
                    test  | redeliveries_total[5m])) > 1     | redeliveries_total[5m])) > 100
                    test  | dtc_resource_manager_up) == 0    | dtc_resource_manager_up) < 2
                    test  | managers_missing) > 0            | managers_missing) > 1
                    test  | limit_refusals_total[5m])) > 0   | limit_refusals_total[5m])) >= 0
                    test  | limit_refusals_total[5m])) > 0   | limit_refusals_total[5m])) > 0.1
                    test  | dtc_log_refusing) > 0            | dtc_log_refusing) >= 0
                    test  | transactions_in_flight_max) > 0.8 | transactions_in_flight_max) > 0.7
                    test  | participants_in_flight_max) > 0.8 | participants_in_flight_max) > 0.95
                    test  | ratio_rate1h > 14.4              | ratio_rate1h > 144
                    test  | ratio_rate5m > 14.4              | ratio_rate3d > 0.1
                    test  | ratio_rate3d > 0.01              | ratio_rate3d > 0.1
                    test  | < 0.2                            | < 0.4
                    """)
    void a_mistake_is_found(String kind, String text, String mistake) throws IOException {
        assertTrue(text().contains(text), () -> "not there any more: " + text);
        String mistaken = text().replace(text, mistake);
        Tool.Result result = promtool(kind, mistaken, casesOf(changedAlerts(mistaken)));
        assertFalse(result.isSuccess(), result::output);
    }

    /** Returns the alerts whose rule a text changes, or all of them if it changes a recording rule. */
    private Set<String> changedAlerts(String text) throws IOException {
        Set<String> changed = new TreeSet<>();
        JsonNode before = YAML.readTree(text()).get("groups");
        JsonNode after = YAML.readTree(text).get("groups");
        for (int group = 0; group < before.size(); group++) {
            JsonNode rules = before.get(group).get("rules");
            for (int rule = 0; rule < rules.size(); rule++) {
                if (!rules.get(rule).equals(after.get(group).get("rules").get(rule))) {
                    if (rules.get(rule).has("record")) {
                        return alerts();
                    }
                    changed.add(rules.get(rule).get("alert").asText());
                }
            }
        }
        return changed;
    }

    /** Returns the cases of these alerts. All of them for each mistake would take long. */
    private static String casesOf(Set<String> alerts) throws IOException {
        String start = "\n  - name: ";
        String[] parts = Files.readString(CASES).split(Pattern.quote(start));
        return Stream.of(parts)
                .skip(1)
                .filter(test -> alerts.stream().anyMatch(alert -> test.contains("alertname: " + alert + "\n")))
                .collect(Collectors.joining(start, parts[0] + start, "\n"));
    }
}
