package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.Waiting;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The language, the time zone and the charset of the host never reach a file, a URL or a number. */
@NoApplication
class LocaleIT {

    private static final List<String> HOSTS = List.of(
            "-Duser.language=ar -Duser.country=EG -Duser.timezone=Africa/Cairo -Dfile.encoding=ISO-8859-1",
            "-Duser.language=fa -Duser.country=IR -Duser.timezone=Asia/Tehran",
            "-Duser.language=tr -Duser.country=TR -Duser.timezone=Europe/Istanbul",
            "-Duser.language=hi -Duser.country=IN -Duser.extensions=u-nu-deva -Duser.timezone=Asia/Kolkata",
            "-Duser.language=en -Duser.country=US -Duser.timezone=UTC");

    private final JsonClient http = new JsonClient();
    private int attempts;

    @Test
    void a_log_written_under_one_locale_is_read_under_the_others(
            @TempDir(cleanup = org.junit.jupiter.api.io.CleanupMode.NEVER) Path directory) throws Exception {
        try (Processes processes = new Processes("locale")) {
            Application application = processes
                    .coordinator("dtc")
                    .with("DTC_RM_IDS", "orders,payments")
                    .with("DTC_LOG_DIRECTORY", directory.toString());
            application.with("JAVA_TOOL_OPTIONS", HOSTS.getFirst()).start().awaitReady();
            // On a slow machine, a vote may time out.
            JsonNode committed = Waiting.await("a commit")
                    .until(
                            () -> commit(application, "key-" + ++attempts),
                            answer -> answer.path("state").asText().equals("COMMITTED"));
            application.kill();
            for (String host : HOSTS.subList(1, HOSTS.size())) {
                application.with("JAVA_TOOL_OPTIONS", host).start().awaitReady();
                JsonNode again = Waiting.await("the outcome")
                        .until(() -> commit(application, "key-" + attempts), answer -> answer.has("id"));
                assertEquals(committed.path("id"), again.path("id"), host);
                application.kill();
            }
        }
    }

    private JsonNode commit(Application application, String idempotencyKey) throws IOException, InterruptedException {
        String body =
                "{\"autoCommit\":true,\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"k\u00fc\",\"value\":1},"
                        + "{\"resourceManager\":\"payments\",\"key\":\"k\",\"value\":1.10}]}";
        return http.read(http.send(HttpRequest.newBuilder(URI.create(application.url() + "/transactions"))
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", idempotencyKey)
                .POST(BodyPublishers.ofString(body))));
    }
}
