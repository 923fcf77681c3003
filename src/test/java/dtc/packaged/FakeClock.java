package dtc.packaged;

import dtc.packaged.Processes.Application;
import dtc.testing.RequiredTool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * The wall clock of processes, which differs from that of the system by an offset. The offset can be changed while they
 * run. Elapsed time is not faked. Needs {@link RequiredTool#FAKETIME}.
 */
final class FakeClock implements AutoCloseable {

    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private final Path file;

    /** @param file contains the offset; created here */
    FakeClock(Path file) throws IOException {
        this.file = file;
        set(Duration.ZERO);
    }

    /** Running processes notice it within a second. */
    void set(Duration offset) throws IOException {
        Path next = Files.writeString(
                file.resolveSibling(file.getFileName() + ".next"),
                String.format(Locale.ROOT, "%+d", offset.toSeconds()));
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Takes effect at the next start of the process. */
    Application applyTo(Application application) throws IOException {
        return application
                .with("LD_PRELOAD", library())
                .with("FAKETIME_TIMESTAMP_FILE", file.toString())
                .with("FAKETIME_CACHE_DURATION", "1")
                .with("FAKETIME_DONT_FAKE_MONOTONIC", "1")
                // Otherwise timed waits of the JVM return at once.
                .with("FAKETIME_FORCE_MONOTONIC_FIX", "0")
                .with("NO_FAKE_STAT", "1");
    }

    /** The path depends on the architecture. */
    private static String library() throws IOException {
        Process process = new ProcessBuilder(List.of(
                        RequiredTool.FAKETIME.path("faketime").toString(), "-m", "-f", "+0", "printenv", "LD_PRELOAD"))
                .start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    }

    /** Deletes what the library leaves behind for each process that was killed. */
    @Override
    public void close() throws IOException {
        try (Stream<Path> files = Files.list(SHARED_MEMORY)) {
            for (Path each : files.toList()) {
                String name = each.getFileName().toString();
                if (name.matches("(sem\\.)?faketime_s(em|hm)_\\d+")
                        && ProcessHandle.of(Long.parseLong(name.replaceFirst(".*_", "")))
                                .isEmpty()) {
                    Files.deleteIfExists(each);
                }
            }
        }
    }
}
