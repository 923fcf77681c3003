package dtc.runtime;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A clock that stands still until told to go on, and timers that then fire in order. Thread-safe. */
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

    public void goOn(Duration by) {
        long until = nanos + by.toNanos();
        for (Alarm next = next(until); next != null; next = next(until)) {
            next.action().run();
        }
    }

    /** Sets the time to the next alarm and removes it; to {@code until} if there is none before. */
    private synchronized @Nullable Alarm next(long until) {
        boolean isDue = !alarms.isEmpty() && alarms.first().atNanos() <= until;
        Alarm next = isDue ? alarms.removeFirst() : null;
        nanos = next == null ? until : next.atNanos();
        return next;
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

    public synchronized int timers() {
        return alarms.size();
    }
}
