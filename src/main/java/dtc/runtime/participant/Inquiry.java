package dtc.runtime.participant;

import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.runtime.Backoff;
import dtc.runtime.Stages;
import dtc.runtime.Time;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/**
 * Asks the coordinator for the outcome of each transaction in doubt, until the outcome is known. Without an answer, or
 * after PENDING, the transaction stays in doubt: only the coordinator may decide. Thread-safe.
 */
final class Inquiry {

    private final CoordinatorLink coordinator;
    private final Time time;
    private final Backoff backoff;
    /** Called with COMMIT or ROLLBACK, possibly more than once. */
    private final BiConsumer<TransactionId, Outcome> listener;
    /** When each transaction became in doubt, as {@link Time#nanos}. */
    private final Map<TransactionId, Long> inDoubtSince = new ConcurrentHashMap<>();

    Inquiry(CoordinatorLink coordinator, Time time, Backoff backoff, BiConsumer<TransactionId, Outcome> listener) {
        this.coordinator = coordinator;
        this.time = time;
        this.backoff = backoff;
        this.listener = listener;
    }

    void start(TransactionId transaction) {
        inDoubtSince.put(transaction, time.nanos());
        scheduleInquiry(transaction, 1);
    }

    /** Measures how long the transaction is in doubt, and does not ask. */
    void waitForOperator(TransactionId transaction) {
        inDoubtSince.put(transaction, time.nanos());
    }

    /** Stops the inquiry. Does nothing if the transaction is not in doubt. */
    void stop(TransactionId transaction) {
        inDoubtSince.remove(transaction);
    }

    void stopAll() {
        inDoubtSince.clear();
    }

    private void scheduleInquiry(TransactionId transaction, int attempt) {
        time.after(backoff.pause(attempt), () -> {
            if (inDoubtSince.containsKey(transaction)) {
                inquire(transaction, attempt);
            }
        });
    }

    private void inquire(TransactionId transaction, int attempt) {
        Stages.call(() -> coordinator.outcome(transaction)).whenComplete((outcome, failure) -> {
            if (failure != null) {
                scheduleInquiry(transaction, attempt + 1);
                return;
            }
            switch (outcome) {
                case COMMIT, ROLLBACK -> listener.accept(transaction, outcome);
                case PENDING -> scheduleInquiry(transaction, attempt + 1);
            }
        });
    }

    /** How long the oldest transaction has been in doubt; zero if there is none. */
    Duration oldestInDoubt() {
        long now = time.nanos();
        return inDoubtSince.values().stream()
                .map(since -> Duration.ofNanos(now - since))
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
    }
}
