package dtc.bench;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads and writes results. */
final class JsonFile {

    private JsonFile() {}

    static <T> T read(Path file, Class<T> type) {
        try {
            return JsonMapper.builder().build().readValue(file.toFile(), type);
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** Writes one line for each row, so that a diff of the file is readable. */
    static void write(Object results, Path file) {
        DefaultPrettyPrinter lines = new DefaultPrettyPrinter();
        DefaultPrettyPrinter.Indenter indenter = new Lines();
        lines.indentObjectsWith(indenter);
        lines.indentArraysWith(indenter);
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(file, JsonMapper.builder().build().writer(lines).writeValueAsString(results) + "\n");
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private static final class Lines implements DefaultPrettyPrinter.Indenter {

        private static final int DEPTH_MAX = 2;

        @Override
        public void writeIndentation(JsonGenerator generator, int level) throws IOException {
            if (level <= DEPTH_MAX) {
                generator.writeRaw("\n" + "  ".repeat(level));
            }
        }

        @Override
        public boolean isInline() {
            return false;
        }
    }
}
