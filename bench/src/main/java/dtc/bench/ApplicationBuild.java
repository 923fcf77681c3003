package dtc.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Logger;
import java.util.stream.Stream;

/** The packaged application of this project. */
final class ApplicationBuild {

    private static final Logger LOG = Logger.getLogger("bench");

    private ApplicationBuild() {}

    /** Returns its {@code quarkus-app} directory. Builds it if it is missing or older than its sources. */
    static Path upToDate(Path project) {
        Path application = project.resolve("target/quarkus-app");
        Path jar = application.resolve("quarkus-run.jar");
        try {
            if (!Files.exists(jar) || isOlderThanSources(jar, project)) {
                LOG.info("building the application");
                Process build = new ProcessBuilder("./mvnw", "-q", "-DskipTests", "package")
                        .directory(project.toFile())
                        .inheritIO()
                        .start();
                if (build.waitFor() != 0) {
                    throw new IllegalStateException("the build of the application failed");
                }
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
        return application;
    }

    private static boolean isOlderThanSources(Path jar, Path project) throws IOException {
        long built = jar.toFile().lastModified();
        try (Stream<Path> sources = Files.walk(project.resolve("src/main"))) {
            return Stream.concat(sources, Stream.of(project.resolve("pom.xml"), project.resolve("parent/pom.xml")))
                    .anyMatch(source -> source.toFile().lastModified() > built);
        }
    }
}
