package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.Waiting;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The application log as text, which is the default, and as JSON. */
@NoApplication
class JsonLoggingIT {

    private static final String JSON = "QUARKUS_LOG_CONSOLE_JSON_ENABLED";

    private final JsonClient http = new JsonClient();

    @Test
    void one_setting_turns_the_log_into_json_with_the_transaction_and_the_resource_manager_as_fields()
            throws Exception {
        try (Processes processes = new Processes("json-logging")) {
            Application application = processes
                    .coordinator("json")
                    .with("DTC_RM_IDS", "orders")
                    .with(JSON, "true")
                    .start()
                    .awaitReady();
            String id = rolledBack(application);
            Waiting.await("the rollback is logged")
                    .until(() -> application.output().contains(id));
            application.stop();

            List<JsonNode> lines = new ArrayList<>();
            ObjectMapper mapper = new ObjectMapper();
            for (String line : lines(application)) {
                lines.add(mapper.readTree(line));
            }
            JsonNode rollback = about(lines, "ROLLED_BACK");
            assertEquals(id, rollback.path("mdc").path("transaction").asText());
            assertEquals("WARN", rollback.path("level").asText());
            assertEquals("dtc.transactions", rollback.path("loggerName").asText());
            JsonNode registered = about(lines, "is registered");
            assertEquals(
                    "orders", registered.path("mdc").path("resourceManager").asText());
            assertTrue(about(lines, "roles: ").path("mdc").isEmpty(), "a line about the process has no fields");
        }
    }

    @Test
    void without_the_setting_the_log_is_text() throws Exception {
        try (Processes processes = new Processes("json-logging")) {
            Application application = processes
                    .coordinator("text")
                    .with("DTC_RM_IDS", "orders")
                    .start()
                    .awaitReady();
            String id = rolledBack(application);
            Waiting.await("the rollback is logged")
                    .until(() -> application.output().contains(id));
            List<String> lines = lines(application);
            assertEquals(
                    List.of(),
                    lines.stream()
                            .filter(
                                    line -> !line.matches(
                                            "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d,\\d{3} (INFO|WARN) +\\[[\\w.]+] \\(.+?\\) \\S.*"))
                            .toList());
        }
    }

    private String rolledBack(Application application) throws Exception {
        JsonNode transaction = http.read(
                http.send(
                        HttpRequest.newBuilder(URI.create(application.url() + "/transactions"))
                                .header("Content-Type", "application/json")
                                .POST(
                                        BodyPublishers.ofString(
                                                "{\"autoCommit\":true,\"writes\":[{\"resourceManager\":\"nowhere\",\"key\":\"k\",\"value\":1}]}"))));
        assertEquals("ROLLED_BACK", transaction.path("state").asText(), transaction.toString());
        return transaction.path("id").asText();
    }

    /** Without what the JVM prints, for example if the AOT cache does not fit. */
    private static List<String> lines(Application application) {
        return application
                .output()
                .lines()
                .filter(line -> !line.matches("\\[\\d+\\.\\d+s]\\[\\w+ *]\\[.*"))
                .toList();
    }

    private static JsonNode about(List<JsonNode> lines, String text) {
        return lines.stream()
                .filter(line -> line.path("message").asText().contains(text))
                .findFirst()
                .orElseThrow(() -> new AssertionError(text + " is not in " + lines));
    }
}
