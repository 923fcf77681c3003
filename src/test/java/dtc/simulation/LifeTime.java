package dtc.simulation;

import dtc.runtime.Time;
import java.time.Duration;
import java.time.Instant;

/** The time as one life of a process sees it. Its timers die with it. */
record LifeTime(Node.Life life) implements Time {

    private static final Instant EPOCH = Instant.parse("2026-01-01T00:00:00Z");

    @Override
    public Instant now() {
        return EPOCH.plusMillis(world().millis() + life.node.clockAhead());
    }

    @Override
    public long nanos() {
        return life.nanosAtOrigin + world().millis() * 1_000_000;
    }

    @Override
    public Timer after(Duration delay, Runnable action) {
        World.Pending pending = world().after(Math.max(1, delay.toMillis()), life, action);
        return () -> pending.cancelled = true;
    }

    private World world() {
        return life.node.world;
    }
}
