package dtc.kubernetes;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.testing.RequiredTool;
import dtc.testing.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Prometheus server in which time passes faster: durations and thresholds in seconds in its rules are divided by
 * {@link #FASTER}.
 */
final class Prometheus implements AutoCloseable {

    static final int FASTER = 100;

    private static final String INTERVAL = "500ms";
    private static final Pattern DURATION = Pattern.compile("(?<=\\[|for: \"?)(\\d+)([smhd])(?=]|\"?\\s)");
    private static final Pattern SECONDS = Pattern.compile("(_seconds\\) > )(\\d+)");

    private final Process process;
    private final String url;
    private final HttpClient http = HttpClient.newHttpClient();
    private final ObjectMapper mapper = new ObjectMapper();

    /** What is scraped, with the labels that a ServiceMonitor would add. */
    record Target(String namespace, String pod, String job, String url) {
        private String yaml() {
            URI at = URI.create(url);
            return String.format(
                    Locale.ROOT,
                    "  - {job_name: %s-%s, honor_labels: true, metrics_path: %s, static_configs: [{targets: ['%s:%d'],"
                            + " labels: {%s}}]}%n",
                    job,
                    namespace,
                    at.getPath(),
                    at.getHost(),
                    at.getPort(),
                    pod.isEmpty() ? "" : "namespace: " + namespace + ", pod: " + pod + ", job: " + job);
        }
    }

    private Prometheus(Process process, String url) {
        this.process = process;
        this.url = url;
    }

    /** Starts a server. Skips the test if Prometheus is not installed. */
    static Prometheus start(Path directory, int port, String rules, List<Target> targets) throws IOException {
        RequiredTool.PROMETHEUS.require();
        Files.writeString(directory.resolve("rules.yml"), faster(rules));
        StringBuilder config = new StringBuilder(
                "global: {scrape_interval: %s, evaluation_interval: %s}%n".formatted(INTERVAL, INTERVAL));
        config.append("rule_files: [rules.yml]\nscrape_configs:\n");
        targets.forEach(target -> config.append(target.yaml()));
        Files.writeString(directory.resolve("prometheus.yml"), config);
        String address = "127.0.0.1:" + port;
        Process process = new ProcessBuilder(
                        RequiredTool.PROMETHEUS.path("prometheus").toString(),
                        "--config.file=prometheus.yml",
                        "--storage.tsdb.path=data",
                        "--web.listen-address=" + address,
                        "--log.level=warn")
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("prometheus.log").toFile())
                .start();
        Prometheus prometheus = new Prometheus(process, "http://" + address);
        Waiting.await("Prometheus is ready").until(() -> prometheus.isReady(directory));
        return prometheus;
    }

    /** Shortens all durations of rules or of an expression. */
    static String faster(String text) {
        String shorter = DURATION.matcher(text).replaceAll(found -> millis(found.group(1), found.group(2)));
        return SECONDS.matcher(shorter)
                .replaceAll(found -> Matcher.quoteReplacement(
                        found.group(1) + Double.toString(Integer.parseInt(found.group(2)) / (double) FASTER)));
    }

    private static String millis(String number, String unit) {
        Duration duration = switch (unit) {
            case "s" -> Duration.ofSeconds(Long.parseLong(number));
            case "m" -> Duration.ofMinutes(Long.parseLong(number));
            case "h" -> Duration.ofHours(Long.parseLong(number));
            default -> Duration.ofDays(Long.parseLong(number));
        };
        return duration.toMillis() / FASTER + "ms";
    }

    private boolean isReady(Path directory) throws InterruptedException {
        assertTrue(process.isAlive(), () -> log(directory));
        try {
            return http.send(request("/-/ready"), BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException _) {
            return false;
        }
    }

    private static String log(Path directory) {
        try {
            return Files.readString(directory.resolve("prometheus.log"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private HttpRequest request(String path) {
        return HttpRequest.newBuilder(URI.create(url + path)).build();
    }

    /** The series that an expression selects now. */
    JsonNode query(String expression) {
        try {
            JsonNode answer = mapper.readTree(http.send(
                            request("/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8)),
                            BodyHandlers.ofString())
                    .body());
            assertTrue(answer.path("status").asText().equals("success"), () -> expression + ": " + answer);
            return answer.path("data").path("result");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** The alerts that fire now, as {@code name namespace}. An alert with a window or role is named with it. */
    Set<String> firing() {
        return names(query("ALERTS{alertstate=\"firing\"}"));
    }

    /** The alerts that have fired at any time since {@code sinceNanos}. */
    Set<String> firedSince(long sinceNanos) {
        long millis = Math.max(1, (System.nanoTime() - sinceNanos) / 1_000_000);
        return names(query("count_over_time(ALERTS{alertstate=\"firing\"}[" + millis + "ms])"));
    }

    private static Set<String> names(JsonNode series) {
        Set<String> names = new TreeSet<>();
        for (JsonNode alert : series) {
            JsonNode labels = alert.path("metric");
            names.add("%s%s%s %s"
                    .formatted(
                            labels.path("alertname").asText(),
                            labels.has("window") ? " " + labels.path("window").asText() : "",
                            labels.has("role") ? " " + labels.path("role").asText() : "",
                            labels.path("namespace").asText()));
        }
        return names;
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
        http.close();
    }
}
