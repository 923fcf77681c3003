package dtc.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.Rule;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The PromQL of rules and dashboard, and what it names. */
final class Expressions {

    /** Not of the application, but of the cluster and of Prometheus. */
    private static final Pattern OTHERS = Pattern.compile("kubelet_.*|ALERTS");

    /** Added to each series when it is scraped. */
    private static final Set<String> TARGET_LABELS = Set.of("namespace", "pod", "job");

    private static final Set<String> WORDS = Set.of("and", "or", "unless", "by", "without", "on", "ignoring", "bool");

    /** A metric, then perhaps its label matchers; functions are left out, for they are followed by a parenthesis. */
    private static final Pattern SELECTOR =
            Pattern.compile("\\b([a-zA-Z_][a-zA-Z0-9_:]*)\\b(?!\\s*\\()\\s*(?:\\{([^}]*)})?");

    private static final Pattern MATCHER = Pattern.compile("(\\w+)\\s*(=~|!~|!=|=)\\s*\"([^\"]*)\"");

    private static final Pattern GROUPING = Pattern.compile("\\b(by|without|on|ignoring)\\s*\\([^)]*\\)");

    private static final Pattern SERIES = Pattern.compile("^([a-zA-Z_][a-zA-Z0-9_]*)(?:\\{(.*)})? [^ ]+$");

    private Expressions() {}

    static List<String> ofRules(Manifests manifests) {
        return rules(manifests).map(rule -> rule.getExpr().getStrVal()).toList();
    }

    static List<String> ofDashboards(Manifests manifests) throws IOException {
        List<String> expressions = new ArrayList<>();
        for (ConfigMap map : manifests.all(ConfigMap.class)) {
            for (Map.Entry<String, String> file : map.getData().entrySet()) {
                if (file.getKey().endsWith(".json")) {
                    for (JsonNode panel :
                            new ObjectMapper().readTree(file.getValue()).get("panels")) {
                        panel.path("targets")
                                .forEach(target ->
                                        expressions.add(target.get("expr").asText()));
                    }
                }
            }
        }
        return expressions;
    }

    private static Stream<Rule> rules(Manifests manifests) {
        return manifests.all(PrometheusRule.class).stream()
                .flatMap(rule -> rule.getSpec().getGroups().stream())
                .flatMap(group -> group.getRules().stream());
    }

    /**
     * What {@code expressions} name that is not there: metrics, labels of a metric, and values of its labels where one
     * is asked for exactly.
     *
     * @param exposed what the application answers at {@code /q/metrics}
     */
    static List<String> unknown(List<String> expressions, Manifests manifests, String exposed) {
        Map<String, Map<String, Set<String>>> series = series(exposed);
        Set<String> recorded = new TreeSet<>();
        rules(manifests).filter(rule -> rule.getRecord() != null).forEach(rule -> recorded.add(rule.getRecord()));
        List<String> unknown = new ArrayList<>();
        for (String expression : expressions) {
            Matcher selector =
                    SELECTOR.matcher(GROUPING.matcher(expression).replaceAll("").replaceAll("\\[[^]]*]", ""));
            while (selector.find()) {
                String metric = selector.group(1);
                if (WORDS.contains(metric)
                        || recorded.contains(metric)
                        || OTHERS.matcher(metric).matches()) {
                    continue;
                }
                if (!series.containsKey(metric)) {
                    unknown.add("metric " + metric);
                } else if (selector.group(2) != null) {
                    unknown.addAll(unknownLabels(metric, selector.group(2), series.get(metric)));
                }
            }
        }
        return unknown;
    }

    private static List<String> unknownLabels(String metric, String matchers, Map<String, Set<String>> labels) {
        List<String> unknown = new ArrayList<>();
        Matcher matcher = MATCHER.matcher(matchers);
        while (matcher.find()) {
            String label = matcher.group(1);
            if (TARGET_LABELS.contains(label)) {
                continue;
            }
            Set<String> values = labels.getOrDefault(label, Set.of());
            if (values.isEmpty()) {
                unknown.add("label %s of %s".formatted(label, metric));
            } else if (matcher.group(2).equals("=") && !values.contains(matcher.group(3))) {
                unknown.add("%s{%s=\"%s\"}".formatted(metric, label, matcher.group(3)));
            }
        }
        return unknown;
    }

    /** By metric, its labels and their values. */
    private static Map<String, Map<String, Set<String>>> series(String exposed) {
        Map<String, Map<String, Set<String>>> series = new TreeMap<>();
        exposed.lines().forEach(line -> {
            Matcher one = SERIES.matcher(line);
            if (one.matches()) {
                Map<String, Set<String>> labels = series.computeIfAbsent(one.group(1), _ -> new TreeMap<>());
                if (one.group(2) != null) {
                    Matcher label = MATCHER.matcher(one.group(2));
                    while (label.find()) {
                        labels.computeIfAbsent(label.group(1), _ -> new TreeSet<>())
                                .add(label.group(3));
                    }
                }
            }
        });
        return series;
    }
}
