package dtc.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.quarkus.test.junit.main.LaunchResult;
import io.quarkus.test.junit.main.QuarkusMainIntegrationTest;
import io.quarkus.test.junit.main.QuarkusMainLauncher;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The packaged application looks at a log, and does not start where it is told to keep one and not where. */
@QuarkusMainIntegrationTest
@TestProfile(LogCommandIT.FileLogWithoutDirectory.class)
class LogCommandIT {

    public static final class FileLogWithoutDirectory implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("dtc.log.kind", "file");
        }
    }

    @Test
    void log_dump_prints_a_log(QuarkusMainLauncher launcher) {
        String kept = Path.of("src/test/resources/log/v1").toAbsolutePath().toString();
        LaunchResult result = launcher.launch("log", "dump", kept);

        assertEquals(0, result.exitCode(), result.getErrorOutput());
        assertTrue(result.getOutput().contains("\"kind\":\"transaction\""), result.getOutput());
        assertTrue(!result.getOutput().contains("Listening on"), result.getOutput());
    }

    @Test
    void a_file_log_needs_a_directory(QuarkusMainLauncher launcher) {
        LaunchResult result = launcher.launch();

        assertEquals(1, result.exitCode());
        assertTrue(
                (result.getOutput() + result.getErrorOutput())
                        .contains("dtc.log.kind=file needs a directory: set dtc.log.directory (DTC_LOG_DIRECTORY)"),
                result.getOutput());
    }
}
