package dtc.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.architecture.Linkage.Miss;
import dtc.testing.NoApplication;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * All references between classes of the packaged application can be resolved, so that a native image can be built from
 * it. Needs no builder.
 */
@NoApplication
class LinkageIT {

    private static final Path APPLICATION = Path.of("target/quarkus-app");
    /** A library that cannot be built into a native image with this version of Quarkus. */
    private static final Path FAULTY = Path.of("target/linkage/quarkus-resteasy-problem-3.21.0.jar");

    /**
     * Quarkus replaces methods of this class of Netty. References to what it removed are left in code that is not used.
     */
    private static final Set<String> KNOWN = Set.of(
            "io/netty/util/internal/CleanerJava9.INVOKE_CLEANER:Ljava/lang/reflect/Method;",
            "io/netty/util/internal/CleanerJava9.access$000()Ljava/lang/reflect/Method;");

    @Test
    void all_references_can_be_resolved() throws IOException {
        assertEquals(
                Set.of(),
                new Linkage(applicationJars())
                        .misses().stream()
                                .filter(miss -> !KNOWN.contains(miss.member()))
                                .collect(Collectors.toSet()));
    }

    @Test
    void a_library_for_another_version_of_its_dependency_is_found() throws IOException {
        List<Path> jars =
                Stream.concat(applicationJars().stream(), Stream.of(FAULTY)).toList();
        Set<String> members = new Linkage(jars)
                .misses().stream()
                        .filter(miss -> FAULTY.endsWith(miss.jar()))
                        .map(Miss::member)
                        .collect(Collectors.toSet());
        String challenge = "io/quarkus/vertx/http/runtime/security/ChallengeData.";
        for (String field : List.of("headerName:", "headerContent:")) {
            assertTrue(members.stream().anyMatch(m -> m.startsWith(challenge + field)), members::toString);
        }
    }

    private static List<Path> applicationJars() throws IOException {
        try (Stream<Path> files = Files.walk(APPLICATION)) {
            return files.filter(file -> file.toString().endsWith(".jar"))
                    // Its classes replace those of the libraries.
                    .sorted(Comparator.comparing(file -> !file.endsWith("transformed-bytecode.jar")))
                    .toList();
        }
    }
}
