package dtc.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.testing.NoApplication;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Small scenarios, each with every single fault: every process crashes at every moment, and every message is lost,
 * delayed or doubled. Some also with every pair of a lost or doubled message and a crash.
 */
@NoApplication
class ExhaustiveTest {

    private static final Logger LOG = Logger.getLogger(ExhaustiveTest.class);

    private static final List<ScenarioAction> SINGLE_FATES = List.of(
            new ScenarioAction.Lose(),
            new ScenarioAction.Break(),
            new ScenarioAction.Delay(1_500),
            new ScenarioAction.Twice(3),
            new ScenarioAction.Twice(4_000));

    private static final List<ScenarioAction> FATES_WITH_CRASH =
            List.of(new ScenarioAction.Lose(), new ScenarioAction.Twice(4_000));

    /** {@code everyPair}: also with every pair of a lost or doubled message and a crash. */
    enum Story {
        TWO_PHASES(true, """
                resource manager orders keeps
                resource manager payments keeps
                client1: begin t1
                client1: write t1 orders sum1 1
                client1: write t1 payments sum1 -1
                client1: commit t1
                """),
        TWO_PHASES_FORGETFUL(false, """
                resource manager orders forgets
                resource manager payments forgets
                client1: begin t1
                client1: write t1 orders sum1 1
                client1: write t1 payments sum1 -1
                client1: prepare t1
                """),
        ONE_CALL(false, """
                resource manager orders keeps
                resource manager payments forgets
                client1: run t1: orders sum1 1 + payments sum1 -1, key k
                client1: run t1: orders sum1 1 + payments sum1 -1, key k
                """),
        ROLLBACK(false, """
                resource manager orders keeps
                resource manager payments keeps
                client1: begin t1
                client1: write t1 orders sum1 1
                client1: write t1 payments sum1 -1
                client1: rollback t1
                """),
        A_VOTE_AGAINST(false, """
                set stored at most to 12
                resource manager orders keeps
                resource manager payments keeps
                client1: begin t1
                client1: write t1 orders sum1 1
                client1: write t1 payments sum1 1234567890
                client1: commit t1
                """),
        TRAVELLING_TOGETHER(false, """
                set batch at most to 4
                set carry writes to 1
                resource manager orders keeps
                resource manager payments keeps
                client1: run t1: orders sum1 1 + payments sum1 -1, key k
                client2: run t2: orders sum2 1 + payments sum2 -1, key l
                client3: run t3: orders a 1
                """),
        ONE_PHASE(true, """
                resource manager orders keeps
                client1: begin t1
                client1: write t1 orders a 1
                client1: commit t1
                """),
        SERVICES(false, """
                resource manager orders keeps
                resource manager payments keeps
                client1: begin t1
                client1: call t1 orders only1 1
                client1: call t1 payments only2 2
                client1: commit t1
                """),
        SERVICE_IN_ONE_PHASE(false, """
                resource manager orders forgets
                client1: begin t1
                client1: call t1 orders only1 1
                client1: call t1 orders only2 2
                client1: commit t1
                """),
        MUST_NOT_COMMIT(false, """
                resource manager orders keeps
                resource manager payments keeps
                client1: begin t1
                client1: write t1 orders sum1 1
                client1: write t1 payments sum1 -1
                client1: rollback-only t1
                client1: commit t1
                """),
        CONDITIONS(false, """
                resource manager orders keeps
                resource manager payments keeps
                client1: run t1: orders a 1 if absent + payments b 1
                client2: run t2: orders a delete if 1.0 + payments b check if 1
                client3: run t3: orders a check if absent + payments b 2 if 1
                """),
        ONE_PHASE_FORGETFUL(false, """
                resource manager orders forgets
                client1: run t1: orders a 1
                client1: commit t1
                """);

        private final boolean everyPair;
        private final String text;

        Story(boolean everyPair, String text) {
            this.everyPair = everyPair;
            this.text = text;
        }
    }

    @ParameterizedTest
    @EnumSource
    void the_product_keeps_all_promises(Story story) {
        Scenario scenario = Scenario.parse(story.text);
        World undisturbed = new World(scenario, Noise.NONE, false);
        undisturbed.run();
        List<String> moments = List.copyOf(undisturbed.moments());
        assertTrue(moments.size() > 20, () -> "few moments: " + moments);
        List<List<ScenarioStep.When>> faults = faults(scenario, moments, story.everyPair);
        Optional<String> broken = faults.stream()
                .map(combination -> play(scenario.and(combination)))
                .flatMap(Optional::stream)
                .findFirst();
        broken.ifPresent(Assertions::fail);
        LOG.infof("%s: %d moments, %d runs", story, moments.size(), faults.size());
    }

    /** The faults of each run. */
    private static List<List<ScenarioStep.When>> faults(Scenario scenario, List<String> moments, boolean everyPair) {
        List<List<ScenarioStep.When>> faults = new ArrayList<>();
        List<ScenarioStep.When> crashes = crashes(scenario, moments);
        faults.add(List.of());
        crashes.forEach(crash -> faults.add(List.of(crash)));
        for (String moment : moments) {
            if (isMessage(moment)) {
                SINGLE_FATES.forEach(fate -> faults.add(List.of(new ScenarioStep.When(moment, fate))));
                for (ScenarioAction fate : everyPair ? FATES_WITH_CRASH : List.<ScenarioAction>of()) {
                    ScenarioStep.When one = new ScenarioStep.When(moment, fate);
                    crashes.forEach(crash -> faults.add(List.of(one, crash)));
                }
            }
        }
        return faults;
    }

    /** Crashes of each process at each moment: short and long ones, with none, a part, or all of the log kept. */
    private static List<ScenarioStep.When> crashes(Scenario scenario, List<String> moments) {
        List<ScenarioStep.When> crashes = new ArrayList<>();
        for (String moment : moments) {
            crashes.add(new ScenarioStep.When(moment, new ScenarioAction.Crash(CoordinatorNode.NAME, 30, false, 0)));
            crashes.add(new ScenarioStep.When(moment, new ScenarioAction.Crash(CoordinatorNode.NAME, 30, false, 60)));
            crashes.add(
                    new ScenarioStep.When(moment, new ScenarioAction.Crash(CoordinatorNode.NAME, 4_000, false, 100)));
            for (ScenarioStep.ResourceManager resourceManager : scenario.all(ScenarioStep.ResourceManager.class)) {
                crashes.add(
                        new ScenarioStep.When(moment, new ScenarioAction.Crash(resourceManager.name(), 30, false, 0)));
                crashes.add(new ScenarioStep.When(
                        moment, new ScenarioAction.Crash(resourceManager.name(), 4_000, true, 0)));
            }
        }
        return crashes;
    }

    private static boolean isMessage(String moment) {
        return moment.contains(" sends ") || moment.contains(" answers ");
    }

    /** The broken promise and the scenario; empty where all are kept. */
    private static Optional<String> play(Scenario scenario) {
        World.Violation violation = World.run(scenario).violation();
        return Optional.ofNullable(violation).map(broken -> "%s%n%s".formatted(broken, scenario.text()));
    }
}
