package dtc.simulation;

import java.util.List;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One line of a scenario. {@code toString} prints the text it was parsed from. */
sealed interface ScenarioStep {

    /** There is a resource manager; {@code durable} where it and its instance outlive its process. */
    record ResourceManager(String name, boolean durable) implements ScenarioStep {
        @Override
        public String toString() {
            return "resource manager " + name + " " + (durable ? "keeps" : "forgets");
        }
    }

    record Set(Setting setting, long value) implements ScenarioStep {
        @Override
        public String toString() {
            return "set " + setting.text + " to " + value;
        }
    }

    /**
     * The client asks this once its question before is answered, or has failed.
     *
     * @param tries how often it asks while no clear answer comes
     */
    record Client(String client, Ask ask, int tries) implements ScenarioStep {
        static final int TRIES = 5;

        @Override
        public String toString() {
            return client + ": " + ask + (tries == TRIES ? "" : "; tries " + tries);
        }
    }

    /** At a time, in milliseconds from the start. */
    record At(long millis, ScenarioAction action) implements ScenarioStep {
        @Override
        public String toString() {
            return "at " + millis + ": " + action;
        }
    }

    /** Right before what the moment says would happen. */
    record When(String moment, ScenarioAction action) implements ScenarioStep {
        @Override
        public String toString() {
            return "when " + moment + ": " + action;
        }
    }

    /** What must have come of it when all is over. */
    record Expect(String what) implements ScenarioStep {
        @Override
        public String toString() {
            return "expect " + what;
        }
    }

    record Form(Pattern pattern, Function<MatchResult, ScenarioStep> reading) {}

    private static Form form(String regex, Function<MatchResult, ScenarioStep> reading) {
        return new Form(Pattern.compile(regex), reading);
    }

    List<Form> FORMS = List.of(
            form(
                    "resource manager (\\S+) (keeps|forgets)",
                    m -> new ResourceManager(m.group(1), m.group(2).equals("keeps"))),
            form("set (.+) to (-?\\d+)", m -> new Set(Setting.parse(m.group(1)), Long.parseLong(m.group(2)))),
            form("at (\\d+): (.+)", m -> new At(Long.parseLong(m.group(1)), ScenarioAction.parse(m.group(2)))),
            form("when ([^:]+): (.+)", m -> new When(m.group(1), ScenarioAction.parse(m.group(2)))),
            form("expect (.+)", m -> new Expect(m.group(1))),
            form(
                    "(client\\S+): (.+?)(?:; tries (\\d+))?",
                    m -> new Client(
                            m.group(1),
                            Ask.parse(m.group(2)),
                            m.group(3) == null ? Client.TRIES : Integer.parseInt(m.group(3)))));

    static ScenarioStep parse(String line) {
        for (Form form : FORMS) {
            Matcher matcher = form.pattern().matcher(line);
            if (matcher.matches()) {
                return form.reading().apply(matcher);
            }
        }
        throw new IllegalArgumentException("no scenario has such a line: " + line);
    }
}
