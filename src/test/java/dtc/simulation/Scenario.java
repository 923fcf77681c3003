package dtc.simulation;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A story to be played: who is there, what clients ask, what goes wrong, and what is to come of it. As text, a line for
 * each step:
 *
 * <pre>
 * # what it is about
 * resource manager orders keeps
 * client1: begin t1
 * client1: write t1 orders a 1
 * client1: commit t1
 * when coordinator sends commit t1 to orders: crash coordinator, back after 100
 * expect t1 COMMITTED
 * </pre>
 *
 * <p>Nothing else decides what happens: where it says nothing of a message, that arrives after a millisecond. See
 * {@link World} for the names of moments.
 */
record Scenario(String title, List<ScenarioStep> steps) {

    static Scenario parse(String text) {
        StringBuilder title = new StringBuilder();
        List<ScenarioStep> steps = new ArrayList<>();
        for (String line : text.split("\\R", -1)) {
            String content = line.strip();
            if (content.startsWith("#")) {
                title.append(title.isEmpty() ? "" : "\n")
                        .append(content.substring(1).strip());
            } else if (!content.isEmpty()) {
                steps.add(ScenarioStep.parse(content));
            }
        }
        return new Scenario(title.toString(), List.copyOf(steps));
    }

    String text() {
        return Stream.concat(
                        title.lines().map(line -> "# " + line), steps.stream().map(ScenarioStep::toString))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    Scenario with(List<? extends ScenarioStep> others) {
        return new Scenario(title, List.copyOf(others));
    }

    Scenario and(List<? extends ScenarioStep> more) {
        List<ScenarioStep> all = new ArrayList<>(steps);
        all.addAll(more);
        return new Scenario(title, List.copyOf(all));
    }

    <T extends ScenarioStep> List<T> all(Class<T> kind) {
        List<T> found = new ArrayList<>();
        for (ScenarioStep step : steps) {
            if (kind.isInstance(step)) {
                found.add(kind.cast(step));
            }
        }
        return found;
    }

    /** The value of each setting; the last line that sets one counts. */
    Map<Setting, Long> settings() {
        Map<Setting, Long> values = new EnumMap<>(Setting.class);
        for (Setting setting : Setting.values()) {
            values.put(setting, setting.byDefault);
        }
        for (ScenarioStep.Set set : all(ScenarioStep.Set.class)) {
            values.put(set.setting(), set.value());
        }
        return values;
    }

    /** The names of the clients, in the order of their first lines. */
    List<String> clients() {
        return all(ScenarioStep.Client.class).stream()
                .map(ScenarioStep.Client::client)
                .distinct()
                .toList();
    }
}
