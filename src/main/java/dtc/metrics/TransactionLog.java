package dtc.metrics;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import dtc.runtime.LogFields;
import dtc.runtime.Time;
import dtc.runtime.coordinator.AppliedEvent;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.DeliveryEvent;
import dtc.runtime.coordinator.TransactionListener;
import dtc.tracing.Tracing;
import dtc.tracing.Tracing.SpanIds;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Logs transactions that fail: one line for each heuristic outcome, one line per reason and minute for rollbacks, and
 * one line per resource manager and minute for commits that it has not acknowledged.
 */
@Singleton
public class TransactionLog implements TransactionListener {

    private static final Logger LOG = Logger.getLogger("dtc.transactions");

    /** The shortest time between two lines on the same subject. */
    static final Duration INTERVAL = Duration.ofMinutes(1);

    /** How long a commit is unacknowledged before it is logged. */
    static final Duration UNDELIVERED_AFTER = Duration.ofSeconds(10);

    private static final Duration CHECK_INTERVAL = Duration.ofSeconds(1);

    /** Limit of reasons with a line of their own. The rollbacks with other reasons have one line per cause. */
    static final int REASONS_MAX = 50;

    static final String SEVERAL_REASONS = "several reasons";

    private final Time time;
    private final Tracing tracing;
    /** Synchronized on this map. */
    private final Map<Subject, Rollbacks> rollbacks = new LinkedHashMap<>();
    /** By resource manager. Contains commits of which at least one delivery failed. */
    private final Map<String, Commits> undelivered = new ConcurrentHashMap<>();

    /** What a line is about. All rollbacks that it counts have this cause and reason. */
    private record Subject(Cause cause, String reason) {}

    /** Rollbacks on the same subject that are not logged yet. */
    private static final class Rollbacks {
        private long count;
        private @Nullable Transaction first;
        private @Nullable Long loggedNanos;
    }

    private static final class Commits {
        /** When the first delivery failed, oldest transaction first. */
        private final NavigableMap<TransactionId, Long> failedNanos = new ConcurrentSkipListMap<>();
        /** Used by the timer only. */
        private @Nullable Long loggedNanos;
    }

    TransactionLog(Time time, Tracing tracing) {
        this.time = time;
        this.tracing = tracing;
    }

    void start(@Observes StartupEvent event, Coordinator coordinator) {
        checkLater(coordinator);
    }

    private void checkLater(Coordinator coordinator) {
        time.after(CHECK_INTERVAL, () -> {
            checkLater(coordinator);
            check(coordinator);
        });
    }

    /** Logs what is due. */
    void check(Coordinator coordinator) {
        synchronized (rollbacks) {
            rollbacks.values().removeIf(counted -> counted.count == 0 && isDue(counted.loggedNanos));
            rollbacks.forEach((subject, counted) -> {
                if (isDue(counted.loggedNanos)) {
                    log(subject, counted);
                }
            });
        }
        undelivered.forEach((resourceManager, commits) -> {
            if (isUndeliveredForLong(commits) && isDue(commits.loggedNanos)) {
                commits.failedNanos.keySet().removeIf(id -> waiting(coordinator, id, resourceManager) == null);
                if (isUndeliveredForLong(commits)) {
                    log(coordinator, resourceManager, commits);
                }
            }
        });
    }

    private boolean isDue(@Nullable Long loggedNanos) {
        return loggedNanos == null || time.nanos() - loggedNanos >= INTERVAL.toNanos();
    }

    @Override
    public void applied(AppliedEvent applied) {
        Transaction after = applied.after();
        if (!applied.ended()) {
            return;
        }
        if (after.state() == TransactionState.HEURISTIC) {
            logAbout(
                    after.id(),
                    null,
                    () -> LOG.errorf(
                            "transaction=%s outcome=HEURISTIC cause=%s reason=\"%s\" participants=[%s]",
                            after.id(), after.cause(), quoted(after.reason()), participants(after)));
        }
        Cause cause = after.cause();
        if (after.state() == TransactionState.ROLLED_BACK && cause != null && cause != Cause.CLIENT) {
            rolledBack(after, cause);
        }
    }

    private void logAbout(TransactionId transaction, @Nullable String resourceManager, Runnable line) {
        SpanIds span = tracing.spanOf(transaction);
        LogFields.log(transaction, resourceManager, span == null ? null : span.traceId(), line);
    }

    /** The first rollback is logged at once, the following ones at the end of each minute. */
    private void rolledBack(Transaction t, Cause cause) {
        synchronized (rollbacks) {
            Subject subject = new Subject(cause, String.valueOf(quoted(t.reason())));
            if (rollbacks.size() >= REASONS_MAX && !rollbacks.containsKey(subject)) {
                subject = new Subject(cause, SEVERAL_REASONS);
            }
            Rollbacks counted = rollbacks.computeIfAbsent(subject, _ -> new Rollbacks());
            counted.count++;
            if (counted.first == null) {
                counted.first = t;
            }
            if (isDue(counted.loggedNanos)) {
                log(subject, counted);
            }
        }
    }

    private void log(Subject subject, Rollbacks counted) {
        Transaction example = counted.first;
        if (example != null) {
            long count = counted.count;
            logAbout(
                    example.id(),
                    null,
                    () -> LOG.warnf(
                            "count=%d outcome=ROLLED_BACK cause=%s example=%s reason=\"%s\" participants=[%s]",
                            count, subject.cause(), example.id(), subject.reason(), participants(example)));
        }
        counted.count = 0;
        counted.first = null;
        counted.loggedNanos = time.nanos();
    }

    @Override
    public void delivery(DeliveryEvent event) {
        if (event.outcome() != Outcome.COMMIT) {
            return;
        }
        switch (event) {
            case DeliveryEvent.RetryScheduled e ->
                undelivered
                        .computeIfAbsent(e.resourceManager(), _ -> new Commits())
                        .failedNanos
                        .putIfAbsent(e.transaction(), time.nanos());
            case DeliveryEvent.Acknowledged e -> {
                Commits commits = undelivered.get(e.resourceManager());
                if (commits != null) {
                    commits.failedNanos.remove(e.transaction());
                }
            }
            case DeliveryEvent.Sent _ -> {}
        }
    }

    private boolean isUndeliveredForLong(Commits commits) {
        Map.Entry<TransactionId, Long> oldest = commits.failedNanos.firstEntry();
        return oldest != null && time.nanos() - oldest.getValue() >= UNDELIVERED_AFTER.toNanos();
    }

    private void log(Coordinator coordinator, String resourceManager, Commits commits) {
        Map.Entry<TransactionId, Long> oldest = commits.failedNanos.firstEntry();
        if (oldest == null) {
            return;
        }
        Participant participant = waiting(coordinator, oldest.getKey(), resourceManager);
        long count = commits.failedNanos.size();
        logAbout(
                oldest.getKey(),
                resourceManager,
                () -> LOG.warnf(
                        "resource manager %s has not acknowledged %s; the oldest is of transaction %s, for %d s: %s",
                        resourceManager,
                        String.format(Locale.ROOT, count == 1 ? "%d commit" : "%d commits", count),
                        oldest.getKey(),
                        Duration.ofNanos(time.nanos() - oldest.getValue()).toSeconds(),
                        participant == null || participant.reason() == null
                                ? "it is not registered"
                                : participant.reason()));
        commits.loggedNanos = time.nanos();
    }

    /** Returns the participant if its commit is not delivered; otherwise null. */
    private static @Nullable Participant waiting(Coordinator coordinator, TransactionId id, String resourceManager) {
        if (coordinator.find(id) instanceof Answer.Given<Transaction>(Transaction t)) {
            Participant participant = t.participant(resourceManager);
            return participant != null && participant.state() == State.COMMITTING ? participant : null;
        }
        return null;
    }

    /** Logs the rollbacks that are not logged yet. */
    @PreDestroy
    void flush() {
        synchronized (rollbacks) {
            rollbacks.forEach(this::log);
        }
    }

    /** A participant that has not acknowledged the outcome is not in progress, since the transaction has ended. */
    private static String participants(Transaction t) {
        return t.participants().stream()
                .map(p -> p.resourceManager() + ":" + (p.isSettled() ? p.state() : "NOT_ACKNOWLEDGED"))
                .collect(Collectors.joining(" "));
    }

    /** Escapes quotes, because a reason may contain untrusted text that looks like another field. */
    private static @Nullable String quoted(@Nullable String reason) {
        return reason == null
                ? null
                : Ballot.withoutKey(reason).replace("\\", "\\\\").replace("\"", "\\\"");
    }
}
