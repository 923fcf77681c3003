package dtc.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Who may see whom. Each rule holds for the product, and fails on classes planted to break it. */
class LayeringTest {

    private static final String PLANTED = "dtc.architecture.planted";

    private static final JavaClasses PRODUCT = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dtc");
    private static final JavaClasses VIOLATIONS = new ClassFileImporter().importPackages(PLANTED);

    /** {@code room} sees none of {@code forbidden}; rooms are named below a root, other packages from the top. */
    record Rule(String room, List<String> rooms, List<String> others) {

        ArchRule below(String root) {
            String[] forbidden = Stream.concat(rooms.stream().map(other -> root + "." + other + ".."), others.stream())
                    .toArray(String[]::new);
            return noClasses()
                    .that()
                    .resideInAPackage(root + "." + room + "..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(forbidden);
        }
    }

    private static final List<String> FRAMEWORKS = List.of("io.quarkus..", "io.vertx..", "io.smallrye..", "jakarta..");
    private static final List<String> WORLD = List.of(
            "io..",
            "jakarta..",
            "com..",
            "java.io..",
            "java.net..",
            "java.nio..",
            "java.util.concurrent..",
            "java.util.random..");

    static Stream<Rule> rules() {
        return Stream.of(
                new Rule(
                        "protocol",
                        List.of(
                                "coordinator",
                                "resource",
                                "log",
                                "runtime",
                                "security",
                                "rest",
                                "console",
                                "metrics",
                                "app"),
                        WORLD),
                new Rule(
                        "coordinator",
                        List.of("resource", "log", "runtime", "security", "rest", "console", "metrics", "app"),
                        WORLD),
                new Rule(
                        "resource",
                        List.of("coordinator", "log", "runtime", "security", "rest", "console", "metrics", "app"),
                        WORLD),
                new Rule(
                        "log",
                        List.of("coordinator", "resource", "runtime", "security", "rest", "console", "metrics", "app"),
                        FRAMEWORKS),
                new Rule("runtime", List.of("security", "rest", "console", "metrics", "app"), FRAMEWORKS),
                new Rule(
                        "security",
                        List.of("coordinator", "resource", "log", "rest", "console", "metrics", "app"),
                        List.of()),
                new Rule("rest", List.of("log", "console", "metrics", "app"), List.of()),
                new Rule("console", List.of("log", "resource", "rest", "metrics", "app"), List.of()),
                new Rule("metrics", List.of("log", "resource", "security", "rest", "console", "app"), List.of()));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void holds(Rule rule) {
        rule.below("dtc").check(PRODUCT);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void catches_a_planted_violation(Rule rule) {
        assertThrows(AssertionError.class, () -> rule.below(PLANTED).check(VIOLATIONS));
    }

    private static ArchRule pureRoomsReadNoClock(String root) {
        return noClasses()
                .that()
                .resideInAnyPackage(root + ".protocol..", root + ".coordinator..", root + ".resource..")
                .should()
                .callMethod(Instant.class, "now")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName(Thread.class.getName());
    }

    private static ArchRule noCycles(String root) {
        return slices().matching(root + ".(*)..").should().beFreeOfCycles();
    }

    @Test
    void pure_rooms_read_no_clock() {
        pureRoomsReadNoClock("dtc").check(PRODUCT);
        assertThrows(AssertionError.class, () -> pureRoomsReadNoClock(PLANTED).check(VIOLATIONS));
    }

    @Test
    void rooms_are_free_of_cycles() {
        noCycles("dtc").check(PRODUCT);
        assertThrows(AssertionError.class, () -> noCycles(PLANTED).check(VIOLATIONS));
    }
}
