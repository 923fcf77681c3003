package dtc.runtime.participant;

import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.runtime.Backoff;
import dtc.runtime.LogFields;
import dtc.runtime.Stages;
import dtc.runtime.Time;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Asks the coordinator for the outcome of each transaction in doubt, until the outcome is known. Without an answer, or
 * after PENDING, the transaction stays in doubt: only the coordinator may decide. Thread-safe.
 */
final class Inquiry {

    private static final Logger LOG = Logger.getLogger(Inquiry.class);

    /** How long a transaction is in doubt before it is logged. */
    static final Duration LOG_DELAY = Duration.ofSeconds(10);

    /** The minimum interval between two log lines. */
    static final Duration LOG_INTERVAL = Duration.ofMinutes(1);

    private static final int IDS_LOGGED_MAX = 3;

    private final String resourceManager;
    private final CoordinatorLink coordinator;
    private final Time time;
    private final Backoff backoff;
    /** Called with COMMIT or ROLLBACK, possibly more than once. */
    private final BiConsumer<TransactionId, Outcome> listener;
    /** When each transaction became in doubt, as {@link Time#nanos}. */
    private final Map<TransactionId, Long> inDoubtSinceNanos = new ConcurrentHashMap<>();

    /** When the last line was logged; null if there is none. Guarded by this. */
    private @Nullable Long loggedNanos;

    Inquiry(
            String resourceManager,
            CoordinatorLink coordinator,
            Time time,
            Backoff backoff,
            BiConsumer<TransactionId, Outcome> listener) {
        this.resourceManager = resourceManager;
        this.coordinator = coordinator;
        this.time = time;
        this.backoff = backoff;
        this.listener = listener;
    }

    void start(TransactionId transaction) {
        inDoubtSinceNanos.put(transaction, time.nanos());
        scheduleInquiry(transaction, 1);
    }

    /** Tracks how long the transaction is in doubt, but sends no inquiries. */
    void waitForOperator(TransactionId transaction) {
        inDoubtSinceNanos.put(transaction, time.nanos());
    }

    /** Stops the inquiry. Does nothing if the transaction is not in doubt. */
    void stop(TransactionId transaction) {
        inDoubtSinceNanos.remove(transaction);
    }

    void stopAll() {
        inDoubtSinceNanos.clear();
    }

    private void scheduleInquiry(TransactionId transaction, int attempt) {
        time.after(backoff.pause(attempt), () -> {
            if (inDoubtSinceNanos.containsKey(transaction)) {
                logIfDue(transaction);
                inquire(transaction, attempt);
            }
        });
    }

    private synchronized void logIfDue(TransactionId transaction) {
        long now = time.nanos();
        Long since = inDoubtSinceNanos.get(transaction);
        if (since == null
                || now - since < LOG_DELAY.toNanos()
                || (loggedNanos != null && now - loggedNanos < LOG_INTERVAL.toNanos())) {
            return;
        }
        loggedNanos = now;
        LogFields.log(
                null,
                resourceManager,
                () -> LOG.warnf(
                        "resource manager %s has not received the outcome of %s, in doubt for up to %d s",
                        resourceManager,
                        describe(inDoubtSinceNanos.keySet()),
                        oldestInDoubt().toSeconds()));
    }

    /** Returns the number of transactions, and the ids of the oldest. */
    static String describe(Collection<TransactionId> transactions) {
        String ids = transactions.stream()
                .sorted()
                .limit(IDS_LOGGED_MAX)
                .map(TransactionId::toString)
                .collect(Collectors.joining(", "));
        if (ids.isEmpty()) {
            return "no transaction";
        }
        String more = transactions.size() > IDS_LOGGED_MAX ? ", …" : "";
        return transactions.size() + (transactions.size() == 1 ? " transaction (" : " transactions (") + ids + more
                + ")";
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
        return inDoubtSinceNanos.values().stream()
                .map(since -> Duration.ofNanos(now - since))
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
    }
}
