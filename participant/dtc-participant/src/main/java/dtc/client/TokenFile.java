package dtc.client;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A file with a token, which is read for each request because it is renewed. */
public final class TokenFile {

    private TokenFile() {}

    /** Returns what reads the file, or what returns null if there is none. */
    public static Supplier<@Nullable String> supplier(@Nullable Path file) {
        return () -> {
            try {
                return file == null ? null : Files.readString(file).strip();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
    }
}
