package dtc.runtime.coordinator;

import dtc.coordinator.Transaction;
import dtc.protocol.Refusal;
import dtc.protocol.Refusal.Kind;
import dtc.runtime.Answer;
import dtc.runtime.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Calls that wait for the outcome of a transaction. A call is not answered with an outcome while a forced record of the
 * transaction is not durable, because a crash could undo the outcome.
 */
final class Waiters {

    record Waiter(WaitCondition condition, CompletableFuture<Answer<Transaction>> answer) {}

    private final Time time;
    private final Duration timeout;

    Waiters(Time time, Duration timeout) {
        this.time = time;
        this.timeout = timeout;
    }

    /**
     * Completes with the transaction once the condition is met, or in its current state after the timeout. The call is
     * refused if the outcome is still not durable after the timeout.
     */
    CompletionStage<Answer<Transaction>> await(TransactionEntry entry, WaitCondition condition) {
        CompletableFuture<Answer<Transaction>> answer = new CompletableFuture<>();
        synchronized (entry) {
            if (isMet(entry, condition)) {
                return CompletableFuture.completedFuture(Answer.of(entry.transaction()));
            }
            entry.waiters.add(new Waiter(condition, answer));
        }
        Time.Timer timer = time.after(timeout(condition), () -> {
            answer.complete(afterTimeout(entry));
            synchronized (entry) {
                entry.waiters.removeIf(waiter -> waiter.answer().isDone());
            }
        });
        return answer.whenComplete((_, _) -> timer.cancel());
    }

    private Duration timeout(WaitCondition condition) {
        return condition.timeout().compareTo(timeout) < 0 ? condition.timeout() : timeout;
    }

    private static boolean isMet(TransactionEntry entry, WaitCondition condition) {
        return condition.isMet(entry.transaction()) && !entry.hasUnrecordedOutcome();
    }

    private static Answer<Transaction> afterTimeout(TransactionEntry entry) {
        return entry.hasUnrecordedOutcome()
                ? Answer.refused(
                        new Refusal(Kind.UNDECIDED, "the outcome is not recorded yet; retry later", entry.id(), null))
                : Answer.of(entry.transaction());
    }

    /** Refuses all calls, because another process finishes the transaction. */
    void abandon(TransactionEntry entry) {
        List<Waiter> waiting;
        synchronized (entry) {
            waiting = List.copyOf(entry.waiters);
            entry.waiters.clear();
        }
        waiting.forEach(waiter -> waiter.answer().complete(Answer.refused(Refusals.elsewhere(entry.id()))));
    }

    /**
     * Completes the calls whose condition is met. Must not be called under the lock, because callers may call the
     * coordinator again.
     */
    void changed(TransactionEntry entry) {
        List<Waiter> reached = new ArrayList<>(1);
        Transaction after;
        synchronized (entry) {
            after = entry.transaction();
            if (!entry.waiters.isEmpty()) {
                entry.waiters.removeIf(waiter -> isMet(entry, waiter.condition()) && reached.add(waiter));
            }
        }
        reached.forEach(waiter -> waiter.answer().complete(Answer.of(after)));
    }
}
