package dtc.runtime.coordinator;

import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * Limits the age and the number of finished transactions. Transactions are forgotten in the order in which they
 * finished. Age is measured in elapsed time, not by the wall clock.
 */
final class Retention {

    private final Time time;
    private final Duration ageMax;
    private final int countMax;
    private final Consumer<TransactionId> forget;
    /** In the order in which they finished. Guarded by this. */
    private final Queue<Finished> finished = new ArrayDeque<>();
    /** Guarded by this. */
    private boolean timerRunning;

    private record Finished(TransactionId id, long atNanos) {}

    Retention(Time time, Duration ageMax, int countMax, Consumer<TransactionId> forget) {
        this.time = time;
        this.ageMax = ageMax;
        this.countMax = countMax;
        this.forget = forget;
    }

    /** Adds a transaction that finished the given time ago. */
    void add(TransactionId id, Duration ago) {
        Finished overflow = null;
        synchronized (this) {
            finished.add(new Finished(id, time.nanos() - ago.toNanos()));
            if (finished.size() > countMax) {
                overflow = finished.remove();
            }
            startTimer();
        }
        if (overflow != null) {
            forget.accept(overflow.id());
        }
    }

    /** Removes a transaction without forgetting it. Returns false if it is not found. */
    synchronized boolean remove(TransactionId id) {
        return finished.removeIf(transaction -> transaction.id().equals(id));
    }

    private void forgetOld() {
        synchronized (this) {
            timerRunning = false;
        }
        while (true) {
            Finished oldest;
            synchronized (this) {
                oldest = finished.peek();
                if (oldest == null || time.nanos() - oldest.atNanos() < ageMax.toNanos()) {
                    startTimer();
                    return;
                }
                finished.remove();
            }
            forget.accept(oldest.id());
        }
    }

    /** Starts the timer for the oldest transaction. Guarded by this. */
    private void startTimer() {
        Finished oldest = finished.peek();
        if (oldest != null && !timerRunning) {
            timerRunning = true;
            time.after(ageMax.minusNanos(time.nanos() - oldest.atNanos()).plusMillis(1), this::forgetOld);
        }
    }
}
