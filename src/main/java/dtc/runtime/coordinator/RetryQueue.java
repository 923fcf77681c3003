package dtc.runtime.coordinator;

import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Retries of outcomes to one resource manager. Each is sent after a pause, commits before rollbacks. The number in
 * flight is limited, so that a resource manager that recovers is not overloaded. A retry that is not answered within a
 * timeout frees its slot, so that it does not block others.
 */
final class RetryQueue {

    /**
     * Configuration of the queue.
     *
     * @param inFlightMax maximum number of retries in flight
     * @param rollbacksMax maximum number of queued rollbacks
     * @param failurePause pause after an attempt that failed with an internal error
     * @param slotTimeout how long an unanswered retry occupies a slot
     */
    record Settings(int inFlightMax, int rollbacksMax, Duration failurePause, Duration slotTimeout) {}

    /** An outcome that must be sent again. Only a rollback may be dropped. */
    static final class Retry {
        private final TransactionId transaction;
        private final Supplier<CompletionStage<?>> attempt;
        private final boolean mayBeDropped;
        private Time.@Nullable Timer timer;

        Retry(TransactionId transaction, Supplier<CompletionStage<?>> attempt, boolean mayBeDropped) {
            this.transaction = transaction;
            this.attempt = attempt;
            this.mayBeDropped = mayBeDropped;
        }

        TransactionId transaction() {
            return transaction;
        }
    }

    /** The result of {@link #offer}. */
    enum OfferResult {
        QUEUED,
        /** The limit of queued rollbacks is reached. */
        DROPPED,
        /** The queue was idle and is being removed. Use a new one. */
        CLOSED
    }

    private final Time time;
    private final Settings settings;
    private final Semaphore rollbackPermits;
    private final Runnable onIdle;
    /** Retries whose pause has not ended. Guarded by this, as are the fields below. */
    private final Set<Retry> paused = new LinkedHashSet<>();

    private final Queue<Retry> commits = new ArrayDeque<>();
    private final Queue<Retry> rollbacks = new ArrayDeque<>();
    private int rollbacksQueued;
    /** Retries that occupy a slot. */
    private int inFlight;
    /** Retries whose attempt has not completed, with or without a slot. */
    private int unanswered;
    /** No retry is sent before this time. */
    private long suspendedUntilNanos;

    private boolean sending;
    private boolean closed;

    /**
     * @param rollbackPermits one permit per rollback that may be queued, shared by all queues
     * @param onIdle called once, when the queue is empty and accepts no more retries
     */
    RetryQueue(Time time, Settings settings, Semaphore rollbackPermits, Runnable onIdle) {
        this.time = time;
        this.settings = settings;
        this.rollbackPermits = rollbackPermits;
        this.onIdle = onIdle;
        this.suspendedUntilNanos = time.nanos();
    }

    /** Number of retries that are queued or in flight. */
    synchronized int size() {
        return paused.size() + commits.size() + rollbacks.size() + unanswered;
    }

    /** @param pause null to wait for {@link #resume} */
    synchronized OfferResult offer(Retry retry, @Nullable Duration pause) {
        if (closed) {
            return OfferResult.CLOSED;
        }
        if (retry.mayBeDropped) {
            if (rollbacksQueued >= settings.rollbacksMax() || !rollbackPermits.tryAcquire()) {
                return OfferResult.DROPPED;
            }
            rollbacksQueued++;
        }
        paused.add(retry);
        if (pause != null) {
            retry.timer = time.after(pause, () -> endPause(retry));
        }
        return OfferResult.QUEUED;
    }

    private void endPause(Retry retry) {
        synchronized (this) {
            if (!paused.remove(retry)) {
                return;
            }
            queueOf(retry).add(retry);
        }
        send();
    }

    /** Suspends all retries, because the resource manager returned a {@code Retry-After}. */
    synchronized void suspend(Duration duration) {
        suspendedUntilNanos = time.nanos() + duration.toNanos();
        time.after(duration, this::send);
    }

    /** Ends the pauses of the selected retries, and a suspension. Returns the number of retries. */
    int resume(Predicate<Retry> filter) {
        List<Retry> resumed;
        synchronized (this) {
            suspendedUntilNanos = time.nanos();
            resumed = paused.stream().filter(filter).toList();
            for (Retry retry : resumed) {
                if (retry.timer != null) {
                    retry.timer.cancel();
                }
                paused.remove(retry);
                queueOf(retry).add(retry);
            }
        }
        send();
        return resumed.size();
    }

    private Queue<Retry> queueOf(Retry retry) {
        return retry.mayBeDropped ? rollbacks : commits;
    }

    /**
     * Sends queued retries. Only one thread at a time, so that a retry that completes immediately does not cause
     * recursion.
     */
    private void send() {
        synchronized (this) {
            if (sending) {
                return;
            }
            sending = true;
        }
        for (Retry next = poll(); next != null; next = poll()) {
            send(next);
        }
    }

    private @Nullable Retry poll() {
        synchronized (this) {
            boolean maySend = time.nanos() - suspendedUntilNanos >= 0 && inFlight < settings.inFlightMax();
            Retry next = maySend ? commits.poll() : null;
            if (next == null && maySend) {
                next = rollbacks.poll();
            }
            if (next != null) {
                inFlight++;
                unanswered++;
                if (next.mayBeDropped) {
                    rollbacksQueued--;
                    rollbackPermits.release();
                }
                return next;
            }
            sending = false;
            if (closed || size() > 0) {
                return null;
            }
            closed = true;
        }
        onIdle.run();
        return null;
    }

    private void send(Retry retry) {
        AtomicBoolean occupiesSlot = new AtomicBoolean(true);
        Time.Timer timer = time.after(settings.slotTimeout(), () -> {
            free(occupiesSlot);
            send();
        });
        CompletableFuture.completedStage(null)
                .thenCompose(_ -> retry.attempt.get())
                .whenComplete((_, failure) -> {
                    if (failure != null) {
                        // An internal error must not stop the retries.
                        offer(retry, settings.failurePause());
                    }
                    timer.cancel();
                    synchronized (this) {
                        unanswered--;
                    }
                    free(occupiesSlot);
                    send();
                });
    }

    private void free(AtomicBoolean occupiesSlot) {
        if (occupiesSlot.getAndSet(false)) {
            synchronized (this) {
                inFlight--;
            }
        }
    }
}
