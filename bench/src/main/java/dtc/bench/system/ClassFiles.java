package dtc.bench.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The compiled benchmark. Some of its packages run in processes of their own, without the others. */
public record ClassFiles(Path root) {

    /** Copies one package, and returns {@code to}. */
    Path copy(String folder, Path to) {
        try (Stream<Path> files = Files.list(root.resolve(folder))) {
            Files.createDirectories(to.resolve(folder));
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(root.relativize(file)));
            }
            return to;
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
