package dtc.runtime.coordinator;

import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * Limits the age, the number and the memory of finished transactions. Transactions are forgotten in the order in which
 * they finished. Age is measured in elapsed time, not by the wall clock.
 */
final class Retention {

    private final Time time;
    private final Duration ageMax;
    private final int countMax;
    private final long bytesMax;
    private final Consumer<TransactionId> forget;
    /** In the order in which they finished. Guarded by this. */
    private final Queue<Finished> finished = new ArrayDeque<>();
    /** The estimated memory of all. Guarded by this. */
    private long bytes;
    /** Guarded by this. */
    private boolean timerRunning;

    private record Finished(TransactionId id, long bytes, long atNanos) {}

    Retention(Time time, Duration ageMax, int countMax, long bytesMax, Consumer<TransactionId> forget) {
        this.time = time;
        this.ageMax = ageMax;
        this.countMax = countMax;
        this.bytesMax = bytesMax;
        this.forget = forget;
    }

    /**
     * Adds a finished transaction.
     *
     * @param size its estimated memory, in bytes
     * @param ago the elapsed time since it finished
     */
    void add(TransactionId id, long size, Duration ago) {
        List<Finished> overflow = new ArrayList<>(1);
        synchronized (this) {
            finished.add(new Finished(id, size, time.nanos() - ago.toNanos()));
            bytes += size;
            // The newest is kept, since its client may not have received the outcome.
            while (finished.size() > 1 && (finished.size() > countMax || bytes > bytesMax)) {
                overflow.add(removeOldest());
            }
            startTimer();
        }
        overflow.forEach(oldest -> forget.accept(oldest.id()));
    }

    /** Guarded by this. */
    private Finished removeOldest() {
        Finished oldest = finished.remove();
        bytes -= oldest.bytes();
        return oldest;
    }

    /** Removes a transaction without forgetting it. Returns false if it is not found. */
    synchronized boolean remove(TransactionId id) {
        return finished.removeIf(transaction -> {
            boolean found = transaction.id().equals(id);
            if (found) {
                bytes -= transaction.bytes();
            }
            return found;
        });
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
                removeOldest();
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
