package dtc.participant;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which package may depend on which. None depends on a framework. */
class LayersTest {

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dtc");

    private static ArchRule rule(String name, String allowed) {
        String[] packages = Stream.concat(
                        Stream.of("dtc." + name, "org.jspecify.."),
                        Arrays.stream(allowed.split(" ", -1))
                                .map(other ->
                                        other.startsWith("java") || other.startsWith("com") || other.startsWith("io")
                                                ? other
                                                : "dtc." + other))
                .toArray(String[]::new);
        return classes()
                .that()
                .resideInAPackage("dtc." + name)
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(packages);
    }

    @ParameterizedTest
    @CsvSource({
        "participant.protocol,    java.lang.. java.util",
        "participant.json,        java.. com.fasterxml.jackson.core..",
        "participant.sql,         java.. javax.sql participant.protocol",
        "participant.http,        java.. participant.protocol participant.json",
        "participant.coordinator, java.. participant.protocol participant.json io.opentelemetry.api.. io.opentelemetry.context..",
        "client,                  java.. participant.coordinator participant.json",
        "participant,             java.. javax.sql client participant.protocol participant.json participant.sql participant.http participant.coordinator",
    })
    void a_package_depends_only_on_what_it_may(String name, String allowed) {
        rule(name, allowed).check(CLASSES);
    }

    @Test
    void a_violation_is_found() {
        assertThrows(
                AssertionError.class, () -> rule("participant.http", "java..").check(CLASSES));
    }
}
