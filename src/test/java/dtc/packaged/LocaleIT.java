package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
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

    @Test
    void a_log_written_under_one_locale_is_read_under_the_others(
            @TempDir(cleanup = org.junit.jupiter.api.io.CleanupMode.NEVER) Path directory) throws Exception {
        try (Processes processes = new Processes("locale");
                HttpClient client = HttpClient.newHttpClient()) {
            Application application = processes
                    .coordinator("dtc")
                    .with("DTC_RM_IDS", "orders,payments")
                    .with("DTC_LOG_DIRECTORY", directory.toString());
            String key =
                    "{\"autoCommit\":true,\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"k\u00fc\",\"value\":1},"
                            + "{\"resourceManager\":\"payments\",\"key\":\"k\",\"value\":1.10}]}";
            String first = "";
            for (String host : HOSTS) {
                application.with("JAVA_TOOL_OPTIONS", host).start().awaitReady();
                String answer = client.send(
                                HttpRequest.newBuilder(URI.create(application.url() + "/transactions"))
                                        .header("Content-Type", "application/json")
                                        .header("Idempotency-Key", "the-same")
                                        .POST(BodyPublishers.ofString(key))
                                        .build(),
                                BodyHandlers.ofString())
                        .body();
                assertTrue(!first.isEmpty() || answer.contains("\"state\":\"COMMITTED\""), answer);
                String id = answer.replaceFirst(".*?\"id\":\"([^\"]*)\".*", "$1");
                first = first.isEmpty() ? id : first;
                assertEquals(first, id, host);
                application.kill();
            }
        }
    }
}
