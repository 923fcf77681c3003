package dtc.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * One transaction at two resource managers, and whatever may go wrong once: every process dies at every moment, and
 * every message is lost or doubled, alone and with every death.
 */
class ExhaustiveTest {

    private static final Logger LOG = Logger.getLogger(ExhaustiveTest.class);

    private static final List<Action> ALONE = List.of(
            new Action.Lose(),
            new Action.Break(),
            new Action.Delay(1_500),
            new Action.Twice(3),
            new Action.Twice(4_000));

    private static final List<Action> WITH_A_DEATH = List.of(new Action.Lose(), new Action.Twice(4_000));

    /** What is lost or doubled comes with every death only here: for the others, there is one fault at a time. */
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
    void keeps_all_promises(Story story) {
        Scenario scenario = Scenario.parse(story.text);
        World undisturbed = new World(scenario, Noise.NONE, false);
        undisturbed.run();
        List<String> moments = List.copyOf(undisturbed.moments());
        assertTrue(moments.size() > 20, () -> "few moments: " + moments);
        List<List<Step.When>> faults = faults(scenario, moments, story.everyPair);
        Optional<String> broken = faults.parallelStream()
                .map(combination -> play(scenario.and(combination)))
                .flatMap(Optional::stream)
                .findFirst();
        broken.ifPresent(Assertions::fail);
        LOG.infof("%s: %d moments, %d runs", story, moments.size(), faults.size());
    }

    /** The faults of each run. */
    private static List<List<Step.When>> faults(Scenario scenario, List<String> moments, boolean everyPair) {
        List<List<Step.When>> faults = new ArrayList<>();
        List<Step.When> deaths = deaths(scenario, moments);
        faults.add(List.of());
        deaths.forEach(death -> faults.add(List.of(death)));
        for (String moment : moments) {
            if (isMessage(moment)) {
                ALONE.forEach(fate -> faults.add(List.of(new Step.When(moment, fate))));
                for (Action fate : everyPair ? WITH_A_DEATH : List.<Action>of()) {
                    Step.When one = new Step.When(moment, fate);
                    deaths.forEach(death -> faults.add(List.of(one, death)));
                }
            }
        }
        return faults;
    }

    /** Of each process at each moment: for short and for long, and with none, a part, or all of the log kept. */
    private static List<Step.When> deaths(Scenario scenario, List<String> moments) {
        List<Step.When> deaths = new ArrayList<>();
        for (String moment : moments) {
            deaths.add(new Step.When(moment, new Action.Crash(CoordinatorNode.NAME, 30, false, 0)));
            deaths.add(new Step.When(moment, new Action.Crash(CoordinatorNode.NAME, 30, false, 60)));
            deaths.add(new Step.When(moment, new Action.Crash(CoordinatorNode.NAME, 4_000, false, 100)));
            for (Step.ResourceManager resourceManager : scenario.all(Step.ResourceManager.class)) {
                deaths.add(new Step.When(moment, new Action.Crash(resourceManager.name(), 30, false, 0)));
                deaths.add(new Step.When(moment, new Action.Crash(resourceManager.name(), 4_000, true, 0)));
            }
        }
        return deaths;
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
