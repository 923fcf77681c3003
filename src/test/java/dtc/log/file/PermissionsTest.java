package dtc.log.file;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.log.SampleLogRecords;
import dtc.testing.NoApplication;
import dtc.testing.RequiredTool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The user of the process may not read or write files of the log. The superuser may read and write all files, so if the
 * tests run as root, this test runs in a process without that capability.
 */
@NoApplication
class PermissionsTest {

    private static final FileDecisionLog.Settings SETTINGS = new FileDecisionLog.Settings(100_000, 10_000, 0, 10_000);
    private static final Set<PosixFilePermission> NONE = Set.of();
    private static final Set<PosixFilePermission> READ_ONLY = PosixFilePermissions.fromString("r-x------");
    private static final Set<PosixFilePermission> WRITE_ONLY = PosixFilePermissions.fromString("-wx------");

    private static final class Silent implements FileDecisionLog.Listener {
        @Override
        public void notice(String what) {}

        @Override
        public void fatal(String what, Throwable cause) {
            throw new AssertionError(what, cause);
        }
    }

    @Test
    void a_start_without_permission_is_refused_and_a_later_one_loses_nothing(@TempDir Path directory)
            throws IOException, InterruptedException {
        if (!System.getProperty("user.name").equals("root")) {
            assertEquals(List.of(), failures(directory));
            return;
        }
        RequiredTool.SETPRIV.require();
        Process process = new ProcessBuilder(
                        RequiredTool.SETPRIV.path("setpriv").toString(),
                        "--bounding-set=-dac_override,-dac_read_search",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        PermissionsTest.class.getName(),
                        directory.toString())
                .redirectErrorStream(true)
                .start();
        assertEquals("[]", new String(process.getInputStream().readAllBytes(), UTF_8).strip());
        assertEquals(0, process.waitFor());
    }

    @SuppressWarnings("SystemOut") // read by the test
    public static void main(String[] arguments) throws IOException {
        System.out.println(failures(Path.of(arguments[0])));
    }

    /** Returns what is wrong. */
    private static List<String> failures(Path directory) throws IOException {
        List<String> failures = new ArrayList<>();
        Path log = directory.resolve("log");
        open(log, SampleLogRecords.id(1).toString(), true);
        Set<String> files = new TreeSet<>();
        try (var names = Files.list(log)) {
            names.forEach(file -> files.add(file.getFileName().toString()));
        }
        if (files.size() < 4) {
            failures.add("only " + files);
        }
        check(log, log, READ_ONLY, failures);
        check(log, log, WRITE_ONLY, failures);
        check(log, log, NONE, failures);
        for (String file : files) {
            // Only these are needed by the next start: it reads them, or takes the lock.
            if (!file.startsWith("segment-0000000000") && !file.contains("unfinished")) {
                check(log, log.resolve(file), NONE, failures);
            }
        }
        Path parent = Files.createDirectory(directory.resolve("parent"));
        check(parent.resolve("log"), parent, READ_ONLY, failures);
        return failures;
    }

    private static void check(Path log, Path denied, Set<PosixFilePermission> permissions, List<String> failures)
            throws IOException {
        if (!Files.exists(denied)) {
            return; // deleted by an earlier start
        }
        Set<PosixFilePermission> before = Files.getPosixFilePermissions(denied);
        Files.setPosixFilePermissions(denied, permissions);
        try {
            open(log, "", false);
            failures.add("starts although " + denied + " has " + PosixFilePermissions.toString(permissions));
        } catch (IOException refusal) {
            String message = String.valueOf(refusal.getMessage());
            boolean isNamed = message.contains(denied.toString());
            if (!isNamed || !message.contains("Give the user of this process permission")) {
                failures.add(denied + ": " + message);
            }
        } finally {
            Files.setPosixFilePermissions(denied, before);
        }
        try {
            open(log, Files.exists(log) ? SampleLogRecords.id(1).toString() : "", false);
        } catch (IOException failure) {
            failures.add(denied + ", later: " + failure.getMessage());
        }
    }

    /** Opens the log, and checks that it contains the id if that is not empty. */
    private static void open(Path log, String expected, boolean append) throws IOException {
        FileDecisionLog opened = FileDecisionLog.open(
                new DirectoryStorage(log), Runnable::run, SETTINGS, System::nanoTime, new Random(), new Silent());
        try {
            if (append) {
                opened.append(SampleLogRecords.open(1)).toCompletableFuture().join();
            }
            List<String> ids = new ArrayList<>();
            opened.replay(record -> ids.add(record.id().toString()));
            if (!expected.isEmpty() && !append && !ids.contains(expected)) {
                throw new IOException("lost " + expected + " of " + ids);
            }
        } finally {
            CompletableFuture<Void> closed = opened.close().toCompletableFuture();
            closed.join();
        }
    }
}
