package dtc.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.ReferencedClassObject;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dtc.protocol.JsonText;
import dtc.testing.NoApplication;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * A native image can serialize registered classes only. Quarkus registers the parameters and results of endpoints and
 * REST clients. Classes that an ObjectMapper serializes elsewhere must be registered by hand; on the JVM a missing
 * registration is not noticed.
 *
 * <p>Checked are class literals where a mapper reads, types in the signature of the method where it writes, and the
 * fields and subclasses of all of these. {@code Object} in such a signature hides what is written, so it is a mistake.
 */
@NoApplication
class ReflectionTest {

    private static final JavaClasses PRODUCT = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dtc");
    private static final JavaClasses PLANTED =
            new ClassFileImporter().importPackages("dtc.architecture.planted.reflection");

    /** It has a reader and a writer of its own. */
    private static final String READ_BY_US = JsonText.class.getName();

    @Test
    void types_serialized_outside_the_endpoints_are_registered() {
        assertEquals(
                Set.of(
                        "dtc.protocol.Messages$BatchMessage",
                        "dtc.protocol.Messages$BatchRequest",
                        "dtc.protocol.Messages$BeginRequest",
                        "dtc.protocol.Messages$MessageType",
                        "dtc.protocol.Messages$PrepareWrite",
                        "dtc.protocol.Messages$PrepareRequest",
                        "dtc.protocol.Messages$StageRequest",
                        "dtc.protocol.Messages$WriteCondition",
                        "dtc.protocol.Messages$WriteRequest"),
                readOrWritten(PRODUCT));
        assertEquals(Set.of(), unregistered(PRODUCT));
    }

    @Test
    void planted_mistakes_are_found() {
        assertEquals(
                Stream.concat(
                                Stream.of("java.lang.Object"),
                                Stream.of("Read", "Written", "Held", "Implementation")
                                        .map(name -> "dtc.architecture.planted.reflection.ReflectionPlanted$" + name))
                        .collect(Collectors.toSet()),
                unregistered(PLANTED));
    }

    private static Set<String> unregistered(JavaClasses classes) {
        Set<String> missing = new TreeSet<>(readOrWritten(classes));
        missing.removeAll(registered(classes));
        return missing;
    }

    private static Set<String> registered(JavaClasses classes) {
        return classes
                .that(DescribedPredicate.describe(
                        "say what is registered", type -> type.isAnnotatedWith(RegisterForReflection.class)))
                .stream()
                .flatMap(type -> {
                    Class<?>[] targets = type.getAnnotationOfType(RegisterForReflection.class)
                            .targets();
                    return targets.length == 0
                            ? Stream.of(type.getName())
                            : Arrays.stream(targets).map(Class::getName);
                })
                .collect(Collectors.toSet());
    }

    private static Set<String> readOrWritten(JavaClasses classes) {
        Set<JavaClass> found = new HashSet<>();
        classes.stream()
                .flatMap(type -> type.getCodeUnits().stream())
                .flatMap(ReflectionTest::readOrWritten)
                .forEach(type -> addWithFields(type, found));
        return found.stream()
                .filter(type -> !type.isInterface())
                .map(JavaClass::getName)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Stream<JavaClass> readOrWritten(JavaCodeUnit code) {
        Stream<JavaClass> read = calls(code, ObjectMapper.class, "read", "convert", "treeTo")
                ? code.getReferencedClassObjects().stream().map(ReferencedClassObject::getRawType)
                : Stream.of();
        Stream<JavaClass> written = calls(code, ObjectMapper.class, "write", "convert", "valueTo")
                ? code.getParameterTypes().stream().flatMap(type -> type.getAllInvolvedRawTypes().stream())
                : Stream.of();
        return Stream.concat(read, written);
    }

    private static boolean calls(JavaCodeUnit code, Class<?> owner, String... beginnings) {
        return code.getMethodCallsFromSelf().stream()
                .anyMatch(call -> call.getTargetOwner().isAssignableTo(owner)
                        && Arrays.stream(beginnings).anyMatch(call.getName()::startsWith));
    }

    private static void addWithFields(JavaClass type, Set<JavaClass> found) {
        if (type.isEquivalentTo(Object.class)) {
            found.add(type);
        } else if (type.getPackageName().startsWith("dtc.") && !type.getName().equals(READ_BY_US) && found.add(type)) {
            type.getAllSubclasses().forEach(of -> addWithFields(of, found));
            type.getFields().stream()
                    .flatMap(field -> field.getType().getAllInvolvedRawTypes().stream())
                    .forEach(of -> addWithFields(of, found));
        }
    }
}
