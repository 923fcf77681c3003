package dtc.simulation;

import java.util.ArrayList;
import java.util.List;

/** Makes a scenario that breaks a promise as short as it can, by leaving out more and more of its steps. */
final class Shrinker {

    private static final int RUNS_MAX = 5_000;

    private final Scenario failing;
    private final String check;
    private int runs;

    private Shrinker(Scenario failing, String check) {
        this.failing = failing;
        this.check = check;
    }

    /** Every choice that a seed makes, as steps that need no seed. */
    static Scenario written(long seed) {
        return written(Generator.of(seed));
    }

    static Scenario written(Generator.Plan plan) {
        return plan.scenario().and(plan.world().run().chosen());
    }

    /** The shortest found in which {@code check} still complains, with what it says as its title. */
    static Scenario shrink(Scenario failing, String check) {
        Shrinker shrinker = new Shrinker(failing, check);
        List<ScenarioStep> steps = shrinker.shortest();
        World.Violation violation = World.run(failing.with(steps)).violation();
        return new Scenario("%s\n%s".formatted(failing.title(), violation), steps);
    }

    private List<ScenarioStep> shortest() {
        List<ScenarioStep> steps = failing.steps();
        int chunk = Math.max(1, steps.size() / 2);
        while (true) {
            List<ScenarioStep> shorter = withoutChunks(steps, chunk);
            boolean better = shorter.size() < steps.size();
            steps = shorter;
            if (runs >= RUNS_MAX || (chunk == 1 && !better)) {
                return steps;
            }
            if (!better) {
                chunk = Math.max(1, chunk / 2);
            }
        }
    }

    private List<ScenarioStep> withoutChunks(List<ScenarioStep> steps, int chunk) {
        List<ScenarioStep> kept = steps;
        for (int from = 0; from < kept.size() && runs < RUNS_MAX; ) {
            List<ScenarioStep> shorter = new ArrayList<>(kept.subList(0, from));
            shorter.addAll(kept.subList(Math.min(kept.size(), from + chunk), kept.size()));
            if (stillFails(shorter)) {
                kept = shorter;
            } else {
                from += chunk;
            }
        }
        return kept;
    }

    private boolean stillFails(List<ScenarioStep> steps) {
        runs++;
        World.Violation violation = World.run(failing.with(steps)).violation();
        return violation != null && violation.check().equals(check);
    }
}
