package dtc.simulation;

import java.util.List;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An action on a run: a fault, or what happens to one message. {@code toString} prints the text it was parsed from. */
sealed interface ScenarioAction {

    /** The name under which it is counted. */
    String fault();

    /** What happens to one message; only at a moment at which one is sent. */
    sealed interface Fate extends ScenarioAction {}

    record Lose() implements Fate {
        @Override
        public String fault() {
            return "loss";
        }

        @Override
        public String toString() {
            return "lose";
        }
    }

    /** The connection breaks instead, which the other side notices at once. */
    record Break() implements Fate {
        @Override
        public String fault() {
            return "broken connection";
        }

        @Override
        public String toString() {
            return "break";
        }
    }

    record Delay(long millis) implements Fate {
        @Override
        public String fault() {
            return "delay";
        }

        @Override
        public String toString() {
            return "delay " + millis;
        }
    }

    /** The message arrives a second time, so long after it was sent. */
    record Twice(long afterMillis) implements Fate {
        @Override
        public String fault() {
            return "double";
        }

        @Override
        public String toString() {
            return "double after " + afterMillis;
        }
    }

    /**
     * The process dies, and is started again.
     *
     * @param elsewhere whether it comes back under another address
     * @param kept of what a coordinator's disk had not been forced, so many bytes in a hundred stay
     */
    record Crash(String node, long backAfterMillis, boolean elsewhere, int kept) implements ScenarioAction {
        @Override
        public String fault() {
            return elsewhere ? "move" : CoordinatorNode.isName(node) ? "coordinator crash" : "participant crash";
        }

        @Override
        public String toString() {
            return "crash " + node + ", back after " + backAfterMillis + (elsewhere ? " elsewhere" : "")
                    + (kept == 0 ? "" : ", keeping " + kept + "% of what was not forced");
        }
    }

    /** The process stands still, as under SIGSTOP; messages to it wait. */
    record Pause(String node, long millis) implements ScenarioAction {
        @Override
        public String fault() {
            return "pause";
        }

        @Override
        public String toString() {
            return "pause " + node + " for " + millis;
        }
    }

    /** Messages this way are lost. */
    record Cut(String from, String to, long millis) implements ScenarioAction {
        @Override
        public String fault() {
            return "partition";
        }

        @Override
        public String toString() {
            return "cut " + from + " to " + to + " for " + millis;
        }
    }

    /** Messages this way are held up until the time is over. */
    record Clog(String from, String to, long millis) implements ScenarioAction {
        @Override
        public String fault() {
            return "clog";
        }

        @Override
        public String toString() {
            return "clog " + from + " to " + to + " for " + millis;
        }
    }

    /** The clock that people read jumps. */
    record Jump(String node, long millis) implements ScenarioAction {
        @Override
        public String fault() {
            return "clock jump";
        }

        @Override
        public String toString() {
            return "jump the clock of " + node + " by " + millis;
        }
    }

    record FailForce() implements ScenarioAction {
        @Override
        public String fault() {
            return "failed force";
        }

        @Override
        public String toString() {
            return "fail the next force";
        }
    }

    record FillDisk(long millis) implements ScenarioAction {
        @Override
        public String fault() {
            return "disk full";
        }

        @Override
        public String toString() {
            return "fill the disk for " + millis;
        }
    }

    /** The resource manager says goodbye to the coordinator, and stays gone until it is started again. */
    record Leave(String node, long backAfterMillis) implements ScenarioAction {
        @Override
        public String fault() {
            return "leave";
        }

        @Override
        public String toString() {
            return "leave " + node + ", back after " + backAfterMillis;
        }
    }

    private static Form form(String regex, Function<MatchResult, ScenarioAction> reading) {
        return new Form(Pattern.compile(regex), reading);
    }

    record Form(Pattern pattern, Function<MatchResult, ScenarioAction> reading) {}

    List<Form> FORMS = List.of(
            form("lose", _ -> new Lose()),
            form("break", _ -> new Break()),
            form("delay (\\d+)", m -> new Delay(number(m, 1))),
            form("double after (\\d+)", m -> new Twice(number(m, 1))),
            form(
                    "crash (\\S+), back after (\\d+)( elsewhere)?(?:, keeping (\\d+)% of what was not forced)?",
                    m -> new Crash(
                            m.group(1),
                            number(m, 2),
                            m.group(3) != null,
                            m.group(4) == null ? 0 : Integer.parseInt(m.group(4)))),
            form("pause (\\S+) for (\\d+)", m -> new Pause(m.group(1), number(m, 2))),
            form("cut (\\S+) to (\\S+) for (\\d+)", m -> new Cut(m.group(1), m.group(2), number(m, 3))),
            form("clog (\\S+) to (\\S+) for (\\d+)", m -> new Clog(m.group(1), m.group(2), number(m, 3))),
            form("jump the clock of (\\S+) by (-?\\d+)", m -> new Jump(m.group(1), number(m, 2))),
            form("fail the next force", _ -> new FailForce()),
            form("fill the disk for (\\d+)", m -> new FillDisk(number(m, 1))),
            form("leave (\\S+), back after (\\d+)", m -> new Leave(m.group(1), number(m, 2))));

    private static long number(MatchResult match, int group) {
        return Long.parseLong(match.group(group));
    }

    static ScenarioAction parse(String text) {
        for (Form form : FORMS) {
            Matcher matcher = form.pattern().matcher(text);
            if (matcher.matches()) {
                return form.reading().apply(matcher);
            }
        }
        throw new IllegalArgumentException("no such action: " + text);
    }
}
