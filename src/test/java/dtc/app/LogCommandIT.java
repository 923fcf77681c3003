package dtc.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.packaged.Processes;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The packaged application prints a log, and does not start if the directory of its log is missing. */
@NoApplication
class LogCommandIT {

    @Test
    void log_dump_prints_a_log() {
        String log = Path.of("src/test/resources/log/v1").toAbsolutePath().toString();
        try (Processes processes = new Processes("log-dump")) {
            Application dump = processes
                    .coordinator("dump")
                    .withArguments("log", "dump", log)
                    .start();
            assertEquals(0, dump.awaitEnd(), dump::output);
            assertTrue(dump.output().contains("\"kind\":\"transaction\""), dump::output);
            assertFalse(dump.output().contains("Listening on"), dump::output);
        }
    }

    @Test
    void a_file_log_needs_a_directory() {
        try (Processes processes = new Processes("log-without-directory")) {
            Application application = processes
                    .coordinator("application")
                    .with("DTC_LOG_KIND", "file")
                    .start();
            assertEquals(1, application.awaitEnd(), application::output);
            assertTrue(
                    application
                            .output()
                            .contains("dtc.log.kind=file needs a directory: set dtc.log.directory (DTC_LOG_DIRECTORY)"),
                    application::output);
        }
    }
}
