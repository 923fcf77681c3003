package dtc.runtime;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.NavigableSet;
import java.util.TreeSet;

/** A clock that stands still until told to go on, and timers that then fire in order. */
public final class FakeTime implements Time {

    private static final Instant BEGINNING = Instant.parse("2026-01-01T00:00:00Z");

    private final NavigableSet<Alarm> alarms =
            new TreeSet<>(Comparator.comparingLong(Alarm::atNanos).thenComparingLong(Alarm::number));
    private long nanos;
    private long numbers;
    /** By how much the wall clock was changed. */
    private Duration jump = Duration.ZERO;

    private record Alarm(long atNanos, long number, Runnable action) {}

    @Override
    public Instant now() {
        return BEGINNING.plusNanos(nanos).plus(jump);
    }

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public Timer after(Duration delay, Runnable action) {
        Alarm alarm = new Alarm(nanos + delay.toNanos(), numbers++, action);
        alarms.add(alarm);
        return () -> alarms.remove(alarm);
    }

    public void goOn(Duration by) {
        long until = nanos + by.toNanos();
        while (!alarms.isEmpty() && alarms.first().atNanos() <= until) {
            Alarm next = alarms.removeFirst();
            nanos = next.atNanos();
            next.action().run();
        }
        nanos = until;
    }

    /** Changes the wall clock, and no timer. */
    public void jump(Duration by) {
        jump = jump.plus(by);
    }

    /** The same moment in another process: without the timers of this one. */
    public FakeTime later() {
        FakeTime later = new FakeTime();
        later.nanos = nanos;
        later.jump = jump;
        return later;
    }

    public int timers() {
        return alarms.size();
    }
}
