package dtc.runtime;

import dtc.protocol.TransactionId;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * Keeps finished transactions for a time and up to a number, and says which to forget: those that finished first. Ages
 * are elapsed time.
 */
final class Retention {

    private final Time time;
    private final Duration age;
    private final int number;
    private final Consumer<TransactionId> forget;
    /** In the order of finishing. Guarded by this. */
    private final Queue<Finished> finished = new ArrayDeque<>();
    /** Whether a timer runs. Guarded by this. */
    private boolean awaiting;

    private record Finished(TransactionId id, long atNanos) {}

    Retention(Time time, Duration age, int number, Consumer<TransactionId> forget) {
        this.time = time;
        this.age = age;
        this.number = number;
        this.forget = forget;
    }

    /** Keeps one that finished {@code ago}. */
    void add(TransactionId id, Duration ago) {
        Finished overflow = null;
        synchronized (this) {
            finished.add(new Finished(id, time.nanos() - ago.toNanos()));
            if (finished.size() > number) {
                overflow = finished.remove();
            }
            awaitOldest();
        }
        if (overflow != null) {
            forget.accept(overflow.id());
        }
    }

    /** Keeps it no longer on its own account; false where it is not kept. */
    synchronized boolean remove(TransactionId id) {
        return finished.removeIf(one -> one.id().equals(id));
    }

    private void forgetOld() {
        synchronized (this) {
            awaiting = false;
        }
        while (true) {
            Finished oldest;
            synchronized (this) {
                oldest = finished.peek();
                if (oldest == null || time.nanos() - oldest.atNanos() < age.toNanos()) {
                    awaitOldest();
                    return;
                }
                finished.remove();
            }
            forget.accept(oldest.id());
        }
    }

    /** Guarded by this. */
    private void awaitOldest() {
        Finished oldest = finished.peek();
        if (oldest != null && !awaiting) {
            awaiting = true;
            time.after(age.minusNanos(time.nanos() - oldest.atNanos()).plusMillis(1), this::forgetOld);
        }
    }
}
