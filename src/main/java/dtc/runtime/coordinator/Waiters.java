package dtc.runtime.coordinator;

import dtc.coordinator.Transaction;
import dtc.runtime.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Calls that wait for the outcome of a transaction. */
final class Waiters {

    record Waiter(Until until, CompletableFuture<Transaction> answer) {}

    private final Time time;
    private final Duration timeout;

    Waiters(Time time, Duration timeout) {
        this.time = time;
        this.timeout = timeout;
    }

    /** Completes with the transaction once the condition is met, or in its current state after the timeout. */
    CompletionStage<Transaction> await(TransactionEntry entry, Until until) {
        CompletableFuture<Transaction> answer = new CompletableFuture<>();
        synchronized (entry) {
            if (until.isReached(entry.transaction())) {
                return CompletableFuture.completedFuture(entry.transaction());
            }
            entry.waiters.add(new Waiter(until, answer));
        }
        Time.Timer timer = time.after(timeout, () -> {
            answer.complete(entry.transaction());
            synchronized (entry) {
                entry.waiters.removeIf(waiter -> waiter.answer().isDone());
            }
        });
        return answer.whenComplete((_, _) -> timer.cancel());
    }

    /** Completes the calls whose condition is met. Must not be called under the lock, since callers may call back. */
    void changed(TransactionEntry entry, Transaction after) {
        List<Waiter> reached = new ArrayList<>(1);
        synchronized (entry) {
            entry.waiters.removeIf(waiter -> waiter.until().isReached(after) && reached.add(waiter));
        }
        reached.forEach(waiter -> waiter.answer().complete(after));
    }
}
