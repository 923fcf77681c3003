package dtc.simulation;

import java.util.ArrayList;
import java.util.List;

/**
 * The faults that a seed adds to a scenario, moment by moment. Each choice is a function of the seed and of the
 * moment's name, so that one more message does not change what happens to the others. Each seed enables some kinds of
 * faults (swarm testing), because few transactions get far in a run with all of them.
 *
 * @param lossPerMille of messages
 * @param doublePerMille of messages
 * @param doubledAfterMax milliseconds
 * @param slowPerMille of messages that take up to {@code slowMax}; the others take up to {@code delayMax}
 * @param crashPerMille of moments at which the process dies
 * @param pausePerMille of moments at which it stands still
 * @param diskFailurePerMille of forces that fail, and of writes that find no room
 * @param breakPerMille of messages whose connection breaks instead
 */
record Noise(
        long seed,
        int delayMax,
        int lossPerMille,
        int doublePerMille,
        int doubledAfterMax,
        int slowPerMille,
        int slowMax,
        int crashPerMille,
        int backAfterMax,
        int pausePerMille,
        int pauseMax,
        int diskFailurePerMille,
        int breakPerMille) {

    static final Noise NONE = new Noise(0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    static Noise of(long seed) {
        Choices choices = new Choices(hash(seed, "swarm", 0));
        return new Noise(
                seed,
                choices.of(1, 5, 50, 300),
                choices.of(0, 0, 10, 50, 200),
                choices.of(0, 0, 10, 50, 200),
                choices.of(50, 1_500, 20_000),
                choices.of(0, 0, 20, 100),
                choices.of(600, 1_200, 5_000),
                choices.of(0, 0, 2, 6, 20),
                choices.of(50, 1_000, 15_000),
                choices.of(0, 0, 0, 3, 10),
                choices.of(700, 3_000, 30_000),
                choices.of(0, 0, 0, 40),
                choices.of(0, 0, 10, 50, 200));
    }

    Noise onlyDoubled() {
        return new Noise(
                seed,
                Math.min(delayMax, 50),
                0,
                Math.max(doublePerMille, 100),
                doubledAfterMax,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0);
    }

    /** The faults of this moment. */
    List<ScenarioAction> at(String moment, String node, boolean message) {
        Choices choices = new Choices(hash(seed, moment, 1));
        List<ScenarioAction> actions = new ArrayList<>(2);
        boolean client = node.startsWith("client");
        boolean mayFail = !client && !node.equals(StoreNode.NAME);
        if (message) {
            if (choices.perMille(lossPerMille)) {
                actions.add(new ScenarioAction.Lose());
            } else if (breakPerMille > 0 && new Choices(hash(seed, moment, 2)).perMille(breakPerMille)) {
                actions.add(new ScenarioAction.Break());
            } else {
                long delay = choices.perMille(slowPerMille) ? choices.upTo(slowMax) : choices.upTo(delayMax);
                if (delay > 1) {
                    actions.add(new ScenarioAction.Delay(delay));
                }
            }
            // A doubled write or call of a client cannot be told from a second one.
            if (!client || !(moment.contains(" sends write ") || moment.contains(" sends call "))) {
                int after = 1 + choices.upTo(doubledAfterMax);
                if (choices.perMille(doublePerMille)) {
                    actions.add(new ScenarioAction.Twice(after));
                }
            }
        }
        if (mayFail && choices.perMille(crashPerMille)) {
            actions.add(new ScenarioAction.Crash(
                    node,
                    1 + choices.upTo(backAfterMax),
                    !CoordinatorNode.isName(node) && choices.perMille(200),
                    CoordinatorNode.isName(node) ? choices.of(0, 10, 41, 50, 71, 100) : 0));
        }
        if (mayFail && choices.perMille(pausePerMille)) {
            actions.add(new ScenarioAction.Pause(node, 1 + choices.upTo(pauseMax)));
        }
        if (moment.startsWith(CoordinatorNode.FORCES) && choices.perMille(diskFailurePerMille)) {
            actions.add(new ScenarioAction.FailForce());
        }
        if (moment.startsWith(CoordinatorNode.WRITES) && choices.perMille(diskFailurePerMille)) {
            actions.add(new ScenarioAction.FillDisk(1 + choices.upTo(3_000)));
        }
        return actions;
    }

    static long hash(long seed, String text, long salt) {
        long hash = seed ^ (salt * 0x9e3779b97f4a7c15L);
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
        }
        return mix(hash);
    }

    static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /** From 0 to {@code bound}, exclusive. */
    static long bounded(long hash, long bound) {
        return (hash >>> 1) % bound;
    }
}
