package dtc.kubernetes;

import static java.nio.charset.StandardCharsets.UTF_8;

import dtc.testing.RequiredTool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Runs a program that checks manifests or alerts. */
enum Tool {
    KUBECTL("kubectl", RequiredTool.KUBECTL),
    PROMTOOL("promtool", RequiredTool.PROMTOOL);

    private final String command;
    private final RequiredTool required;

    Tool(String command, RequiredTool required) {
        this.command = command;
        this.required = required;
    }

    record Result(int exit, String output, String errors) {
        boolean isSuccess() {
            return exit == 0;
        }
    }

    /** Skips the test if the program is not installed. */
    Result run(Path directory, String... arguments) {
        required.require();
        List<String> line =
                Stream.concat(Stream.of(command), Stream.of(arguments)).toList();
        try {
            Process process = new ProcessBuilder(line)
                    .directory(directory.toFile())
                    .redirectError(ProcessBuilder.Redirect.PIPE)
                    .start();
            // Both outputs are short enough for a pipe to hold, so they can be read one after the other.
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
