package dtc.simulation;

import dtc.coordinator.Transaction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a scenario says must have come of it:
 *
 * <pre>
 * expect t1 COMMITTED                               its state at the end; or: unknown
 * expect orders has a 1                             an entry at the end; or: nothing
 * expect client1 heard commit t1: COMMITTED         at some time
 * expect coordinator hears commit t1 from orders    a moment that came; with "never" before it: none that begins so
 * </pre>
 */
final class Expectations {

    private static final Pattern STATE = Pattern.compile("(\\S+) ([A-Z_]+|unknown)");
    private static final Pattern ENTRY = Pattern.compile("(\\S+) has (\\S+) (\\S+)");
    private static final Pattern HEARD = Pattern.compile("(\\S+) heard (.+)");
    private static final Pattern NEVER = Pattern.compile("never (.+)");

    private Expectations() {}

    static void check(World world) {
        for (ScenarioStep.Expect expect : world.scenario.all(ScenarioStep.Expect.class)) {
            String found = found(world, expect.what());
            if (!found.isEmpty()) {
                world.fail("expectation", "expected %s, but %s".formatted(expect.what(), found));
            }
        }
    }

    /** What is so instead; empty where it is as expected. */
    private static String found(World world, String what) {
        Matcher entry = ENTRY.matcher(what);
        if (entry.matches()) {
            String value = world.ledger.shadow(entry.group(1)).entries.getOrDefault(entry.group(2), "nothing");
            return value.equals(entry.group(3)) ? "" : "it has " + value;
        }
        Matcher heard = HEARD.matcher(what);
        if (heard.matches() && world.node(heard.group(1)) instanceof ClientNode client) {
            return client.heard().contains(heard.group(2)) ? "" : "it heard " + client.heard();
        }
        Matcher never = NEVER.matcher(what);
        if (never.matches()) {
            return world.moments().stream()
                    .filter(moment -> moment.startsWith(never.group(1)))
                    .findFirst()
                    .map(moment -> "there was: " + moment)
                    .orElse("");
        }
        Matcher state = STATE.matcher(what);
        if (state.matches()) {
            String is = state(world, state.group(1));
            return is.equals(state.group(2)) ? "" : "it is " + is;
        }
        return world.moments().contains(what) ? "" : "there was no such moment";
    }

    private static String state(World world, String name) {
        Ledger.Seen seen = world.ledger.byName().get(name);
        if (seen == null) {
            return "nothing that ever began";
        }
        Transaction t = world.transaction(seen.id);
        return t == null ? "unknown" : t.state().externalState().name();
    }
}
