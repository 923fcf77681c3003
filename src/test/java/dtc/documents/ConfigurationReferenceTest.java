package dtc.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.testing.NoApplication;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Checks that the reference of the configuration is that of the code. */
@NoApplication
class ConfigurationReferenceTest {

    private static final Path FILE = Path.of("docs/configuration.md");
    private static final String GENERATE = "configuration.generate";

    @Test
    void the_reference_describes_the_configuration_classes() throws IOException {
        String expected = ConfigurationReference.generate();
        if (Boolean.getBoolean(GENERATE)) {
            Files.writeString(FILE, expected);
        }
        assertEquals(
                expected,
                Documents.read(FILE),
                () -> FILE + " is not up to date. Generate it: ./mvnw test -Dtest=ConfigurationReferenceTest -D"
                        + GENERATE + "=true");
    }
}
