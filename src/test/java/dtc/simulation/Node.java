package dtc.simulation;

import org.jspecify.annotations.Nullable;

/**
 * A process: it may die, come back, or stand still for a while. What it sets going belongs to its {@link Life}, and
 * ends with it.
 */
abstract class Node {

    final World world;
    final String name;

    private @Nullable Life life;
    private long pausedUntil;
    private long clockAhead;

    Node(World world, String name) {
        this.world = world;
        this.name = name;
    }

    /** From a start of the process to its end. Whatever a dead process still seems to do has no effect. */
    static final class Life {
        final Node node;
        /** Elapsed time counts from a moment that differs from start to start. */
        final long nanosAtOrigin;

        private boolean over;

        private Life(Node node, long nanosAtOrigin) {
            this.node = node;
            this.nanosAtOrigin = nanosAtOrigin;
        }

        boolean isOver() {
            return over;
        }
    }

    /** Builds what runs in the process. */
    abstract void started(Life newLife);

    /** The process is gone, with what was in its memory; {@code kept} as in {@link ScenarioAction.Crash}. */
    abstract void died(int kept);

    /** Something has happened here: tells the ledger what it changed. */
    void observe() {}

    @Nullable
    Life life() {
        return life;
    }

    /** Whether messages reach it. */
    boolean isListening() {
        return life != null;
    }

    boolean isUp() {
        return life != null;
    }

    void start() {
        if (life == null) {
            Life next = new Life(this, world.number("origin of " + name, 1L << 40));
            life = next;
            pausedUntil = 0;
            started(next);
        }
    }

    void crash(int kept) {
        Life ended = life;
        if (ended != null) {
            observe();
            ended.over = true;
            life = null;
            died(kept);
        }
    }

    void pauseUntil(long millis) {
        pausedUntil = Math.max(pausedUntil, millis);
    }

    long pausedUntil() {
        return pausedUntil;
    }

    void jumpClock(long millis) {
        clockAhead += millis;
    }

    long clockAhead() {
        return clockAhead;
    }
}
