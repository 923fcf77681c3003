package dtc.runtime.coordinator;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Step;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Message;
import dtc.protocol.Outcome;
import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A transaction in memory. The monitor of this object is the lock of the transaction; see
 * {@link TransactionDriver#apply}.
 */
final class TransactionEntry {

    private final RecordLog log;
    private final long beganNanos;
    private volatile long preparingNanos;
    private volatile long decidedNanos;
    private volatile Transaction transaction;
    private volatile Time.@Nullable Timer timer;
    /** Whether it was removed from memory and from the log. Guarded by this. */
    private boolean forgotten;

    /**
     * Whether no event is applied now: a conclusion is being stored, the log is not read yet, or the transaction is
     * abandoned. Guarded by this for writing.
     */
    private volatile boolean held;
    /** The events that wait until the transaction is no longer held. Guarded by this. */
    private List<CoordinatorEvent> deferred = List.of();
    /** Whether another process finishes the transaction. Guarded by this for writing. */
    private volatile boolean abandoned;

    /** Number of forced records that are not durable yet. Guarded by this. */
    private int recordsPending;

    /** Guarded by this. */
    final List<Waiters.Waiter> waiters = new ArrayList<>(1);

    /** Writes that are sent with the prepare message, by resource manager. */
    private final Map<String, List<Message.Write>> deferredWrites = new ConcurrentHashMap<>(0);

    /** Number of unanswered deliveries of the outcome, by resource manager. */
    private final Map<String, Integer> failedDeliveries = new ConcurrentHashMap<>(0);

    /** @param log contains the records of the transaction */
    TransactionEntry(Transaction transaction, RecordLog log, long nowNanos) {
        this.transaction = transaction;
        this.log = log;
        this.beganNanos = nowNanos;
    }

    TransactionId id() {
        return transaction.id();
    }

    Transaction transaction() {
        return transaction;
    }

    RecordLog log() {
        return log;
    }

    // Events

    boolean isHeld() {
        return held;
    }

    /** Defers all events until {@link #release}. Guarded by this. */
    void hold() {
        held = true;
    }

    /** Returns the events that were deferred, in order. Guarded by this. */
    List<CoordinatorEvent> release() {
        List<CoordinatorEvent> events = deferred;
        deferred = List.of();
        held = abandoned;
        return events;
    }

    /**
     * Defers an event, because the transaction is held. A call that is answered at once is not deferred: a write is
     * refused, and an operator has to repeat the call. Guarded by this.
     */
    Step defer(CoordinatorEvent event) {
        return switch (event) {
            case CoordinatorEvent.WriteRequested _, CoordinatorEvent.EnlistRequested _ -> Step.refuseWrite(transaction);
            case CoordinatorEvent.GiveUpRequested _, CoordinatorEvent.DiscardRequested _, CoordinatorEvent.Resolved _ ->
                Step.unchanged(transaction);
            default -> {
                if (!abandoned) {
                    deferred = deferred.isEmpty() ? new ArrayList<>() : deferred;
                    deferred.add(event);
                }
                yield Step.unchanged(transaction);
            }
        };
    }

    /** Another process finishes the transaction: from now on, no event changes it here. Guarded by this. */
    void abandon() {
        held = true;
        abandoned = true;
        deferred = List.of();
    }

    boolean isAbandoned() {
        return abandoned;
    }

    /** Replaces the transaction. Guarded by this. */
    void update(Transaction after, long nowNanos) {
        TransactionState from = transaction.state();
        transaction = after;
        if (from == after.state()) {
            return;
        }
        if (from == TransactionState.ACTIVE || from == TransactionState.MARKED_ROLLBACK) {
            preparingNanos = nowNanos;
        }
        if (after.state() == TransactionState.DELEGATED || from == TransactionState.DECIDING) {
            decidedNanos = nowNanos;
        }
        if (after.state().isFinal()) {
            deferredWrites.clear(); // writes for participants whose vote was never requested
        }
    }

    void setDecidedNanos(long nanos) {
        decidedNanos = nanos;
    }

    long nanosSinceBegin(long nowNanos) {
        return nowNanos - beganNanos;
    }

    long nanosSincePrepare(long nowNanos) {
        return preparingNanos == 0 ? 0 : nowNanos - preparingNanos;
    }

    long nanosSinceDecision(long nowNanos) {
        return nowNanos - decidedNanos;
    }

    /** How long participants have been in doubt: the decision is being recorded, or the commit is not acknowledged. */
    long nanosInDoubt(long nowNanos) {
        return switch (transaction.state()) {
            case DECIDING, DELEGATING -> nanosSincePrepare(nowNanos);
            case DELEGATED, RESOLVING, COMMITTING -> nanosSinceDecision(nowNanos);
            case ACTIVE, MARKED_ROLLBACK, PREPARING, COMMITTED, ROLLING_BACK, ROLLED_BACK, HEURISTIC -> 0;
        };
    }

    /** Replaces the timer. The first timer is for expiry, the second for votes. */
    void setTimer(Time.Timer next) {
        cancelTimer();
        timer = next;
    }

    void cancelTimer() {
        Time.Timer running = timer;
        if (running != null) {
            running.cancel();
        }
    }

    void deferWrite(Message.Write write, String resourceManager) {
        deferredWrites.computeIfAbsent(resourceManager, _ -> new ArrayList<>()).add(write);
    }

    List<Message.Write> takeDeferredWrites(String resourceManager) {
        List<Message.Write> writes = deferredWrites.remove(resourceManager);
        return writes == null ? List.of() : writes;
    }

    /** Number of unanswered deliveries of the outcome to a resource manager. */
    int failedDeliveries(String resourceManager) {
        return failedDeliveries.getOrDefault(resourceManager, 0);
    }

    /** Counts an unanswered delivery. Returns the number of unanswered deliveries. */
    int countFailedDelivery(String resourceManager) {
        return failedDeliveries.merge(resourceManager, 1, Integer::sum);
    }

    synchronized void recordPending() {
        recordsPending++;
    }

    synchronized void recordDone() {
        recordsPending--;
    }

    /** Whether a forced record is not durable yet. */
    synchronized boolean isRecordPending() {
        return recordsPending > 0;
    }

    /**
     * Whether the outcome, or an operator's decision on it, is not durable yet. Until then, no call is answered with
     * it.
     */
    boolean hasUnrecordedOutcome() {
        return isRecordPending() && transaction.decision() != Outcome.PENDING;
    }

    /** Guarded by this. */
    boolean isForgotten() {
        return forgotten;
    }

    /** Guarded by this. */
    void markForgotten() {
        forgotten = true;
    }
}
