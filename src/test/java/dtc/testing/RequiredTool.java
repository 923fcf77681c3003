package dtc.testing;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A program that some tests need and that is not part of the build. If it is missing, these tests are skipped, or fail
 * if {@code CI=true}. {@link #main} reports at the end of the build what was skipped.
 */
public enum RequiredTool {
    CHROMIUM("console in a browser", List.of("chromium", "chromedriver"), "chromium chromium-driver"),
    CURL("calls in the documents", List.of("curl"), "curl"),
    ETCD("store in etcd", List.of("etcd"), "etcd-server"),
    FAKETIME("clock", List.of("faketime"), "faketime"),
    KUBECTL("manifests", List.of("kubectl"), "kubernetes-client"),
    PROMETHEUS("alerts with a server", List.of("prometheus"), "prometheus"),
    PYTHON("check of resource managers", List.of("python3"), "python3"),
    POSTGRESQL("database", List.of("initdb", "postgres", "psql", "pg_dump"), "postgresql"),
    PROMTOOL("alerts", List.of("promtool"), "prometheus"),
    SETPRIV("permissions", List.of("setpriv"), "util-linux");

    /** Debian does not add the programs of the server to the path. The newest release is first. */
    private static final List<Path> DEBIAN_POSTGRESQL = postgresqlDirectories();

    private final String tested;

    @SuppressWarnings("ImmutableEnumChecker") // List.of is immutable
    private final List<String> commands;

    private final String debianPackages;

    RequiredTool(String tested, List<String> commands, String debianPackages) {
        this.tested = tested;
        this.commands = commands;
        this.debianPackages = debianPackages;
    }

    /** Returns if the tool is installed. Otherwise fails the test if {@code CI=true}, and skips it elsewhere. */
    public void require() {
        if (!isInstalled()) {
            if (Objects.equals(System.getenv("CI"), "true")) {
                fail(missing());
            }
            abort(missing());
        }
    }

    /**
     * Returns the path of a command of this tool.
     *
     * @throws java.util.NoSuchElementException if it is not installed
     */
    public Path path(String command) {
        return find(command).orElseThrow();
    }

    private boolean isInstalled() {
        return commands.stream().allMatch(command -> find(command).isPresent());
    }

    private static Optional<Path> find(String command) {
        return Stream.concat(
                        Stream.of(Objects.requireNonNullElse(System.getenv("PATH"), "")
                                        .split(File.pathSeparator, -1))
                                .map(Path::of),
                        DEBIAN_POSTGRESQL.stream())
                .map(directory -> directory.resolve(command))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static List<Path> postgresqlDirectories() {
        Path releases = Path.of("/usr/lib/postgresql");
        if (!Files.isDirectory(releases)) {
            return List.of();
        }
        try (Stream<Path> found = Files.list(releases)) {
            return found.sorted(Comparator.reverseOrder())
                    .map(release -> release.resolve("bin"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String missing() {
        return "%s not found: tests of the %s need the Debian packages: %s"
                .formatted(String.join(" or ", commands), tested, debianPackages);
    }

    /** Prints one line for each tool that is missing. Run by the build after the tests. */
    @SuppressWarnings("SystemOut")
    public static void main(String[] arguments) {
        for (RequiredTool tool : values()) {
            if (!tool.isInstalled()) {
                System.out.printf(
                        "SKIPPED: tests of the %s. To run them: apt-get install %s%n",
                        tool.tested, tool.debianPackages);
            }
        }
    }
}
