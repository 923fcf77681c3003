package dtc.runtime;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A clock that only {@link #advance} moves, and timers that fire in order while it moves. Thread-safe. */
public final class FakeTime implements Time {

    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private final NavigableSet<Alarm> alarms =
            new TreeSet<>(Comparator.comparingLong(Alarm::atNanos).thenComparingLong(Alarm::number));
    private long nanos;
    private long numbers;
    /** The sum of all {@link #jump jumps} of the wall clock. */
    private Duration jump = Duration.ZERO;

    private record Alarm(long atNanos, long number, Runnable action) {}

    @Override
    public Instant now() {
        return START.plusNanos(nanos).plus(jump);
    }

    @Override
    public synchronized long nanos() {
        return nanos;
    }

    @Override
    public synchronized Timer after(Duration delay, Runnable action) {
        Alarm alarm = new Alarm(nanos + delay.toNanos(), numbers++, action);
        alarms.add(alarm);
        return () -> cancel(alarm);
    }

    private synchronized void cancel(Alarm alarm) {
        alarms.remove(alarm);
    }

    /** Advances the clock, and runs the timers that become due. */
    public void advance(Duration by) {
        long until = nanos + by.toNanos();
        for (Alarm next = next(until); next != null; next = next(until)) {
            next.action().run();
        }
    }

    /** Removes the next timer that is due and sets the time to it. Sets the time to {@code until} if there is none. */
    private synchronized @Nullable Alarm next(long until) {
        boolean isDue = !alarms.isEmpty() && alarms.first().atNanos() <= until;
        Alarm next = isDue ? alarms.removeFirst() : null;
        nanos = next == null ? until : next.atNanos();
        return next;
    }

    /** Changes the wall clock only. Timers are not affected. */
    public void jump(Duration by) {
        jump = jump.plus(by);
    }

    /** Returns a clock with the same time and without timers, for another process. */
    public FakeTime later() {
        FakeTime later = new FakeTime();
        later.nanos = nanos;
        later.jump = jump;
        return later;
    }

    public synchronized int timers() {
        return alarms.size();
    }
}
