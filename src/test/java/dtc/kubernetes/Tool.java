package dtc.kubernetes;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** A program of a Debian package that a test needs: without it the test fails in CI, and is skipped elsewhere. */
enum Tool {
    KUBECTL("kubectl", "kubernetes-client"),
    PROMTOOL("promtool", "prometheus");

    private final String command;
    private final String debianPackage;

    Tool(String command, String debianPackage) {
        this.command = command;
        this.debianPackage = debianPackage;
    }

    record Result(int exit, String output, String errors) {
        boolean isSuccess() {
            return exit == 0;
        }
    }

    Result run(Path directory, String... arguments) {
        List<String> line =
                Stream.concat(Stream.of(command), Stream.of(arguments)).toList();
        Process process;
        try {
            process = new ProcessBuilder(line)
                    .directory(directory.toFile())
                    .redirectError(ProcessBuilder.Redirect.PIPE)
                    .start();
        } catch (IOException _) {
            String missing = command + " is not there; it is in Debian's package " + debianPackage;
            if (Objects.equals(System.getenv("CI"), "true")) {
                return fail(missing);
            }
            return abort(missing);
        }
        try {
            // What it tells besides is short enough for the pipe to hold.
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            String errors = new String(process.getErrorStream().readAllBytes(), UTF_8);
            return new Result(process.waitFor(), output, errors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
