package dtc.documents;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.testing.RequiredTool;
import dtc.testing.Waiting;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs the {@code curl} commands in the documents, and requests the addresses in the alerts. */
@QuarkusTest
class DocumentedCallsTest {

    /** The RM that the README registers. */
    private static final String REGISTERED = "stock";

    private static final Pattern ADDRESS = Pattern.compile("(?<=\\s)/(?:transactions|console/)\\S+");

    @BeforeEach
    void await_registrations() {
        RequiredTool.CURL.require();
        Waiting.await()
                .untilAsserted(() -> given().get("/q/health/ready").then().statusCode(200));
    }

    @AfterEach
    void remove_registration() {
        given().delete("/resource-managers/" + REGISTERED).then().statusCode(204);
    }

    @ParameterizedTest
    @ValueSource(strings = {"README.md", "docs/operations.md"})
    void calls_give_the_documented_output(Path document) {
        List<ShellCommand> calls = Documents.calls().stream()
                .filter(call -> call.document().equals(document))
                .toList();
        assertFalse(calls.isEmpty());

        String address = "localhost:" + RestAssured.port;
        List<String> outputs = Shell.run(
                calls.stream()
                        .map(call ->
                                call.text().replace("localhost:8080", address).replace("<id>", REGISTERED))
                        .toList(),
                Map.of("coordinator", "http://" + address));

        for (int i = 0; i < calls.size(); i++) {
            ShellCommand call = calls.get(i);
            String output = outputs.get(i);
            assertTrue(output.contains(call.output()), () -> call + "\n" + output);
            boolean isProblem = output.contains("\"status\":");
            assertEquals(call.output().contains("\"status\":"), isProblem, () -> call + "\n" + output);
        }
    }

    @Test
    void the_addresses_in_alerts_exist() {
        String rules = Documents.read(Path.of("k8s/monitoring/rules.yaml"))
                .replace("{{ $labels.resource_manager }}", "orders");
        List<String> addresses =
                ADDRESS.matcher(rules).results().map(MatchResult::group).toList();
        assertEquals(4, addresses.size(), addresses::toString);
        addresses.forEach(
                address -> given().get(address).then().statusCode(200).body(not(containsString("It is ignored"))));
    }

    @Test
    void all_documents_with_calls_are_tested() {
        assertEquals(
                List.of("README.md", "docs/operations.md"),
                Documents.calls().stream()
                        .map(call -> call.document().toString())
                        .distinct()
                        .toList());
    }
}
