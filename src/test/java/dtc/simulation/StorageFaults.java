package dtc.simulation;

import java.util.ArrayList;
import java.util.List;

/** For some seeds, durable resource managers are over a database that takes time, fails, and is opened by others. */
final class StorageFaults {

    private StorageFaults() {}

    static List<ScenarioStep> addTo(List<ScenarioStep> steps, long seed) {
        Choices choices = new Choices(Noise.hash(seed, "storage", 0));
        List<ScenarioStep> all = new ArrayList<>(steps);
        if (choices.perMille(250)) {
            all.add(new ScenarioStep.Set(Setting.STORE, choices.of(3, 30, 200)));
            all.add(new ScenarioStep.Set(Setting.STORE_LOST, choices.of(0, 0, 20, 100)));
            all.add(new ScenarioStep.Set(Setting.STORE_REFUSED, choices.of(0, 20, 100)));
            all.add(new ScenarioStep.Set(Setting.STORE_TAKEOVER, choices.of(0, 0, 20)));
        }
        return List.copyOf(all);
    }
}
