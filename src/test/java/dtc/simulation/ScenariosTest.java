package dtc.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.testing.NoApplication;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The classic cases, and every bug that a seed once found: each a file in plain text, replayed by its name. */
@NoApplication
class ScenariosTest {

    private static final Path PLACE = Path.of("src/test/resources/scenarios");
    private static final String SUFFIX = ".txt";

    static List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(PLACE)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(SUFFIX))
                    .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                    .sorted()
                    .toList();
        }
    }

    private static Scenario read(String name) throws IOException {
        return Scenario.parse(Files.readString(PLACE.resolve(name + SUFFIX)));
    }

    @ParameterizedTest
    @MethodSource("names")
    void all_promises_are_kept(String name) throws IOException {
        Scenario scenario = read(name);
        World world = new World(scenario, Noise.NONE, true);
        World.Violation violation = world.run().violation();
        assertNull(
                violation, () -> "%s%n%s%n%s".formatted(violation, scenario.text(), String.join("\n", world.trace())));
    }

    /** A step at a moment that never comes would test nothing. */
    @ParameterizedTest
    @MethodSource("names")
    void every_step_happens(String name) throws IOException {
        Scenario scenario = read(name);
        World world = new World(scenario, Noise.NONE, false);
        world.run();
        for (ScenarioStep.When when : scenario.all(ScenarioStep.When.class)) {
            assertTrue(
                    world.hasActed(when.moment()),
                    () -> "there was no moment \"%s\" in %s%n%s"
                            .formatted(when.moment(), name, String.join("\n", world.moments())));
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void every_scenario_states_its_expectations(String name) throws IOException {
        Scenario scenario = read(name);
        assertTrue(scenario.all(ScenarioStep.Expect.class).size() > 0, name);
        assertEquals(scenario, Scenario.parse(scenario.text()));
    }

    @Test
    void there_are_many_scenarios() throws IOException {
        assertTrue(names().size() >= 40);
    }
}
