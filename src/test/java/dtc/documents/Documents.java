package dtc.documents;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The Markdown files of the project, and the shell commands in them. */
final class Documents {

    private static final Path NOT_RUN = Path.of("src/test/resources/dtc/documents/commands-not-run.txt");
    private static final String PACKAGED = "java -jar target/quarkus-app/quarkus-run.jar";

    /** Starts the resource manager of the example. */
    static final String RESTART = "examples/stock-python/restart";

    private Documents() {}

    static List<Path> all() {
        try (Stream<Path> top = Files.list(Path.of(""));
                Stream<Path> docs = Files.walk(Path.of("docs"));
                Stream<Path> examples = Files.walk(Path.of("examples"))) {
            return Stream.of(top, docs, examples)
                    .flatMap(files -> files)
                    .filter(file -> file.toString().endsWith(".md"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<ShellCommand> commands() {
        return all().stream()
                .flatMap(document -> ShellCommand.parse(document, read(document)).stream())
                .toList();
    }

    /** The commands that {@link DocumentedCallsTest} runs. */
    static List<ShellCommand> calls() {
        return run().filter(command ->
                        command.text().startsWith("curl") || command.text().startsWith("id=$(curl"))
                .toList();
    }

    /** The commands that {@link DocumentedStartIT} runs. */
    static List<ShellCommand> packaged() {
        return run().filter(command -> command.text().contains(PACKAGED) && !isCheck(command))
                .toList();
    }

    /** The commands that {@link DocumentedCheckIT} runs. */
    static List<ShellCommand> checks() {
        return run().filter(Documents::isCheck).toList();
    }

    private static boolean isCheck(ShellCommand command) {
        return command.text().startsWith(RESTART) || command.text().startsWith(PACKAGED + " rm check");
    }

    private static Stream<ShellCommand> run() {
        List<String> notRun = notRun();
        return commands().stream().filter(command -> notRun.stream().noneMatch(command.text()::startsWith));
    }

    /** The beginnings of the commands that no test runs. Each must have a reason. */
    static List<String> notRun() {
        List<String> beginnings = new ArrayList<>();
        boolean hasReason = false;
        for (String line : read(NOT_RUN).lines().toList()) {
            if (line.startsWith("  ")) {
                if (!hasReason) {
                    throw new IllegalStateException("no reason: " + line);
                }
                beginnings.add(line.strip());
            } else {
                hasReason = line.endsWith(":");
            }
        }
        return beginnings;
    }
}
