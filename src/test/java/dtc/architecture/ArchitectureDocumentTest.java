package dtc.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The classes that docs/architecture.md names exist. A code span names a class if it is in upper camel case; a package
 * below {@code dtc} may come before it, and a method after it.
 */
class ArchitectureDocumentTest {

    private static final JavaClasses PRODUCT = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dtc");

    private static final Set<String> FOREIGN = Set.of("RandomGenerator", "Supplier", "Uni");

    private static final Pattern FENCED_BLOCK = Pattern.compile("(?ms)^```.*?^```");
    private static final Pattern CODE_SPAN = Pattern.compile("`([^`]+)`");
    private static final Pattern CLASS =
            Pattern.compile("((?:[a-z]+\\.)*)([A-Z][A-Z0-9]*[a-z]\\w*)(?:<\\w+>)?(?:\\.([a-z]\\w*)(?:\\(\\))?)?");

    private static List<String> classSpans(String document) {
        return CODE_SPAN
                .matcher(FENCED_BLOCK.matcher(document).replaceAll(""))
                .results()
                .map(span -> span.group(1))
                .filter(span -> CLASS.matcher(span).matches())
                .toList();
    }

    private static List<String> missing(String document) {
        return classSpans(document).stream().filter(span -> !exists(span)).toList();
    }

    private static boolean exists(String span) {
        Matcher matcher = CLASS.matcher(span);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(span);
        }
        MatchResult named = matcher.toMatchResult();
        String method = named.group(3);
        return PRODUCT.stream().anyMatch(type -> isNamed(type, named.group(1), named.group(2)) && has(type, method))
                || FOREIGN.contains(named.group(2));
    }

    private static boolean isNamed(JavaClass type, String packagePrefix, String name) {
        return packagePrefix.isEmpty()
                ? type.getSimpleName().equals(name)
                : type.getName().equals("dtc." + packagePrefix + name);
    }

    private static boolean has(JavaClass type, @Nullable String method) {
        return method == null
                || type.getMethods().stream().anyMatch(m -> m.getName().equals(method));
    }

    @Test
    void every_class_that_the_document_names_exists() throws IOException {
        String document = Files.readString(Path.of("docs/architecture.md"));
        assertFalse(classSpans(document).isEmpty());
        assertEquals(List.of(), missing(document));
    }

    @Test
    void names_that_do_not_exist_are_found() {
        assertEquals(List.of("Registrar", "rest.Registry", "Registry.lookUp"), missing("""
                        `Registry`, `runtime.Registry`, `Registry.find`, `Registered`, `Supplier<TransactionId>`, `COMMITTED`,
                        `rest`, `DTC-Instance`, `Registrar`, `rest.Registry`, `Registry.lookUp`
                        ```mermaid
                        `Nobody`
                        ```
                        """));
    }
}
