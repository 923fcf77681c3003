package dtc.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dtc.testing.NoApplication;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which package may depend on which. Each rule holds for the product, and fails on classes planted to break it. */
@NoApplication
class LayeringTest {

    private static final String PLANTED = "dtc.architecture.planted";

    private static final JavaClasses PRODUCT = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dtc");
    private static final JavaClasses VIOLATIONS = new ClassFileImporter().importPackages(PLANTED);

    /**
     * A package that depends on none of {@code packages} and {@code libraries}. Packages are named below a root,
     * libraries in full.
     */
    record Rule(String name, List<String> packages, List<String> libraries) {

        ArchRule below(String root) {
            String[] forbidden = Stream.concat(
                            packages.stream().map(other -> root + "." + other + ".."), libraries.stream())
                    .toArray(String[]::new);
            return noClasses()
                    .that()
                    .resideInAPackage(root + "." + name + "..")
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
            "java.nio.channels..",
            "java.nio.file..",
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
                                "store",
                                "runtime",
                                "security",
                                "rest",
                                "console",
                                "metrics",
                                "tracing",
                                "conformance",
                                "app"),
                        WORLD),
                new Rule(
                        "coordinator",
                        List.of(
                                "resource",
                                "log",
                                "store",
                                "runtime",
                                "security",
                                "rest",
                                "console",
                                "metrics",
                                "tracing",
                                "conformance",
                                "app"),
                        WORLD),
                new Rule(
                        "resource",
                        List.of(
                                "coordinator",
                                "log",
                                "store",
                                "runtime",
                                "security",
                                "rest",
                                "console",
                                "metrics",
                                "tracing",
                                "conformance",
                                "app"),
                        WORLD),
                new Rule(
                        "log",
                        List.of(
                                "coordinator",
                                "resource",
                                "store",
                                "runtime",
                                "security",
                                "rest",
                                "console",
                                "metrics",
                                "tracing",
                                "conformance",
                                "app"),
                        List.of()),
                new Rule("log.file", List.of("log.memory", "log.fenced", "log.etcd"), FRAMEWORKS),
                new Rule("log.memory", List.of("log.file", "log.fenced", "log.etcd"), FRAMEWORKS),
                new Rule("log.fenced", List.of("log.file", "log.memory", "log.etcd"), FRAMEWORKS),
                new Rule(
                        "log.etcd",
                        List.of("log.file", "log.memory"),
                        List.of("io.quarkus..", "io.smallrye..", "jakarta..")),
                new Rule(
                        "runtime",
                        List.of("store", "security", "rest", "console", "metrics", "tracing", "conformance", "app"),
                        FRAMEWORKS),
                new Rule("runtime", List.of("log.file", "log.memory", "log.etcd"), List.of()),
                new Rule("runtime.coordinator", List.of("log.fenced", "runtime.cluster"), List.of()),
                new Rule("runtime.messaging", List.of("log", "runtime.coordinator", "runtime.cluster"), List.of()),
                new Rule("runtime.participant", List.of("coordinator", "log", "runtime.cluster"), List.of()),
                new Rule(
                        "store",
                        List.of("coordinator", "log", "security", "rest", "console", "metrics", "app"),
                        List.of("io.quarkus..", "io.smallrye..", "jakarta..")),
                new Rule("store.memory", List.of("store.postgresql"), List.of()),
                new Rule(
                        "security",
                        List.of(
                                "coordinator",
                                "resource",
                                "log",
                                "store",
                                "rest",
                                "console",
                                "metrics",
                                "conformance",
                                "app"),
                        List.of()),
                new Rule("rest", List.of("log", "store", "console", "metrics", "conformance", "app"), List.of()),
                new Rule(
                        "console",
                        List.of("log", "store", "resource", "rest", "metrics", "conformance", "app"),
                        List.of()),
                new Rule(
                        "metrics",
                        List.of("log", "store", "resource", "security", "rest", "console", "app"),
                        List.of()),
                new Rule(
                        "tracing",
                        List.of(
                                "resource",
                                "log",
                                "store",
                                "security",
                                "rest",
                                "console",
                                "metrics",
                                "conformance",
                                "app"),
                        List.of()),
                new Rule(
                        "conformance",
                        List.of(
                                "coordinator",
                                "resource",
                                "log",
                                "store",
                                "runtime",
                                "security",
                                "rest",
                                "console",
                                "metrics",
                                "tracing",
                                "app"),
                        FRAMEWORKS));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void the_product_keeps_the_rule(Rule rule) {
        rule.below("dtc").check(PRODUCT);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void a_planted_violation_is_found(Rule rule) {
        assertThrows(AssertionError.class, () -> rule.below(PLANTED).check(VIOLATIONS));
    }

    private static ArchRule purePackagesReadNoClock(String root) {
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

    private static ArchRule portKnowsNoImplementation(String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + ".log")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(root + ".log.*..", "io..", "jakarta..");
    }

    private static ArchRule onlyTracingUsesOpenTelemetry(String root) {
        return noClasses()
                .that()
                .resideInAPackage(root + "..")
                .and()
                .resideOutsideOfPackages(root + ".tracing..", root + ".app..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.opentelemetry..");
    }

    private static ArchRule noCycles(String root) {
        return slices().matching(root + ".(*)..").should().beFreeOfCycles();
    }

    @Test
    void pure_packages_read_no_clock() {
        purePackagesReadNoClock("dtc").check(PRODUCT);
        assertThrows(
                AssertionError.class, () -> purePackagesReadNoClock(PLANTED).check(VIOLATIONS));
    }

    @Test
    void the_port_of_the_log_knows_no_implementation() {
        portKnowsNoImplementation("dtc").check(PRODUCT);
        assertThrows(
                AssertionError.class, () -> portKnowsNoImplementation(PLANTED).check(VIOLATIONS));
    }

    @Test
    void only_tracing_uses_opentelemetry() {
        onlyTracingUsesOpenTelemetry("dtc").check(PRODUCT);
        assertThrows(
                AssertionError.class,
                () -> onlyTracingUsesOpenTelemetry(PLANTED).check(VIOLATIONS));
    }

    @Test
    void packages_are_free_of_cycles() {
        noCycles("dtc").check(PRODUCT);
        assertThrows(AssertionError.class, () -> noCycles(PLANTED).check(VIOLATIONS));
    }
}
