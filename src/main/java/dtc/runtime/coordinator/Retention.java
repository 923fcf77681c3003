package dtc.runtime.coordinator;

import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * Decides when finished transactions are forgotten: after a time, or if there are more than a number. Those that
 * finished first are forgotten first. Time is elapsed time, not the wall clock.
 */
final class Retention {

    private final Time time;
    private final Duration age;
    private final int number;
    private final Consumer<TransactionId> forget;
    /** In the order in which they finished. Guarded by this. */
    private final Queue<Finished> finished = new ArrayDeque<>();
    /** Guarded by this. */
    private boolean timerRunning;

    private record Finished(TransactionId id, long atNanos) {}

    Retention(Time time, Duration age, int number, Consumer<TransactionId> forget) {
        this.time = time;
        this.age = age;
        this.number = number;
        this.forget = forget;
    }

    /** Adds a transaction that finished {@code ago}. */
    void add(TransactionId id, Duration ago) {
        Finished overflow = null;
        synchronized (this) {
            finished.add(new Finished(id, time.nanos() - ago.toNanos()));
            if (finished.size() > number) {
                overflow = finished.remove();
            }
            startTimer();
        }
        if (overflow != null) {
            forget.accept(overflow.id());
        }
    }

    /** Removes a transaction without forgetting it; returns false if it is not here. */
    synchronized boolean remove(TransactionId id) {
        return finished.removeIf(one -> one.id().equals(id));
    }

    private void forgetOld() {
        synchronized (this) {
            timerRunning = false;
        }
        while (true) {
            Finished oldest;
            synchronized (this) {
                oldest = finished.peek();
                if (oldest == null || time.nanos() - oldest.atNanos() < age.toNanos()) {
                    startTimer();
                    return;
                }
                finished.remove();
            }
            forget.accept(oldest.id());
        }
    }

    /** Guarded by this. */
    private void startTimer() {
        Finished oldest = finished.peek();
        if (oldest != null && !timerRunning) {
            timerRunning = true;
            time.after(age.minusNanos(time.nanos() - oldest.atNanos()).plusMillis(1), this::forgetOld);
        }
    }
}
