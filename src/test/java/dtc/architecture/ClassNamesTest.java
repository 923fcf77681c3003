package dtc.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A class name identifies one class, without its package. */
class ClassNamesTest {

    /** The names of the top-level classes below a directory of sources, once for each file. */
    private static List<String> classNames(String directory) throws IOException {
        try (Stream<Path> files = Files.walk(Path.of(directory))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".java") && !file.equals("package-info.java"))
                    .map(file -> file.substring(0, file.length() - ".java".length()))
                    .toList();
        }
    }

    private static Set<String> repeated(List<String> names) {
        Set<String> repeated = new TreeSet<>(names);
        repeated.removeIf(name -> names.indexOf(name) == names.lastIndexOf(name));
        return repeated;
    }

    private static Set<String> common(Collection<String> some, Collection<String> others) {
        Set<String> common = new TreeSet<>(some);
        common.retainAll(new HashSet<>(others));
        return common;
    }

    @Test
    void names_of_main_classes_are_unique() throws IOException {
        List<String> main = classNames("src/main/java");
        assertFalse(main.isEmpty());
        assertEquals(Set.of(), repeated(main));
    }

    @Test
    void tests_do_not_reuse_the_name_of_a_main_class() throws IOException {
        assertEquals(Set.of(), common(classNames("src/main/java"), classNames("src/test/java")));
    }

    @Test
    void a_repeated_name_is_found() {
        assertEquals(Set.of("Registry"), repeated(List.of("Registry", "Time", "Registry")));
        assertEquals(Set.of("Registry"), common(List.of("Registry", "Time"), List.of("World", "Registry")));
    }
}
