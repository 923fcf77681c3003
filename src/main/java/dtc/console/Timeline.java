package dtc.console;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Step;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The events of one transaction. The number is limited: the first writes are kept, and of the other events the first,
 * which lead to the decision, and the latest, which show the delivery. Thread-safe.
 */
final class Timeline {

    private static final int WRITE_EVENTS_MAX = 60;

    /** Without writes, and without the events of each participant: prepare, vote, outcome and acknowledgement. */
    private static final int FIRST_MAX = 15;

    private static final int FIRST_OF_PARTICIPANT_MAX = 4;
    private static final int LATEST_MAX = 15;

    private static final int TIMELINE_BYTES = 800;
    private static final int PARTICIPANT_BYTES = 150;
    private static final int EVENT_BYTES = 150;

    private final long beganNanos;
    private final Transaction initial;

    /** Guarded by this, as are the fields below. */
    private final List<TimelineEvent> first = new ArrayList<>();

    private final ArrayDeque<TimelineEvent> latest = new ArrayDeque<>(0);
    private final Map<String, Next> next = new HashMap<>(0);
    private final Map<String, Integer> deliveries = new HashMap<>(0);
    private Transaction transaction;
    private int writeEvents;
    private TimelineEvent.@Nullable Omitted writesOmitted;
    private TimelineEvent.@Nullable Omitted otherOmitted;
    private long preparingNanos;
    /** Elapsed time at the last change of the state. */
    private long stateNanos;

    /** The next retry of a delivery: the elapsed time since the beginning; null if it waits for a registration. */
    record Next(@Nullable Long atNanos) {}

    /**
     * The timeline at one time.
     *
     * @param initial the transaction when it began, or when it was recovered from the log
     * @param deliveries the number of times that the outcome was sent, by resource manager
     */
    record Snapshot(
            Transaction transaction,
            Transaction initial,
            long nowNanos,
            List<TimelineEvent> events,
            Map<String, Next> next,
            Map<String, Integer> deliveries) {}

    Timeline(Transaction initial, long nowNanos) {
        this.beganNanos = nowNanos;
        this.initial = initial;
        this.transaction = initial;
    }

    @SuppressWarnings(
            "ReferenceEquality") // an unchanged transaction is the same object, and comparing participants is expensive
    synchronized void applied(Transaction before, CoordinatorEvent event, Step step, long nowNanos) {
        if (step.transaction() == before && step.effects().isEmpty() && step.write() == null) {
            return;
        }
        transaction = step.transaction();
        long elapsed = nowNanos - beganNanos;
        if (before.state() != transaction.state()) {
            stateNanos = elapsed;
        }
        if (event instanceof CoordinatorEvent.PrepareRequested) {
            preparingNanos = elapsed;
        }
        TimelineEvent.Applied applied = TimelineEvent.Applied.of(elapsed, event, step, before.state());
        boolean write = (event instanceof CoordinatorEvent.WriteRequested
                        || event instanceof CoordinatorEvent.EnlistRequested
                        || event instanceof CoordinatorEvent.WriteStaged)
                && applied.voters().isEmpty();
        if (write && before.state() == transaction.state() && ++writeEvents > WRITE_EVENTS_MAX) {
            writesOmitted = oneMore(writesOmitted, elapsed, true);
        } else {
            add(applied);
        }
    }

    /** Elapsed time since phase one began. */
    synchronized Duration preparing(long nowNanos) {
        return Duration.ofNanos(nowNanos - beganNanos - preparingNanos);
    }

    synchronized void sent(String resourceManager, Outcome outcome, long nowNanos) {
        next.remove(resourceManager);
        int number = deliveries.merge(resourceManager, 1, Integer::sum);
        add(new TimelineEvent.Sent(nowNanos - beganNanos, resourceManager, outcome, number));
    }

    synchronized void retryScheduled(String resourceManager, @Nullable Duration pause, long nowNanos) {
        long elapsed = nowNanos - beganNanos;
        next.put(resourceManager, new Next(pause == null ? null : elapsed + pause.toNanos()));
        add(new TimelineEvent.RetryScheduled(elapsed, resourceManager, pause));
    }

    private void add(TimelineEvent event) {
        int firstMax = FIRST_MAX
                + Math.min(writeEvents, WRITE_EVENTS_MAX)
                + FIRST_OF_PARTICIPANT_MAX * transaction.participants().size();
        if (latest.isEmpty() && first.size() < firstMax) {
            first.add(event);
            return;
        }
        latest.add(event);
        if (latest.size() > LATEST_MAX) {
            otherOmitted = oneMore(otherOmitted, latest.remove().nanos(), false);
        }
    }

    private static TimelineEvent.Omitted oneMore(TimelineEvent.@Nullable Omitted before, long nanos, boolean writes) {
        return before == null
                ? new TimelineEvent.Omitted(nanos, 1, writes)
                : new TimelineEvent.Omitted(before.nanos(), before.number() + 1, writes);
    }

    /** Whether the transaction was recovered from the log. */
    boolean isRecovered() {
        return initial.state() != TransactionState.ACTIVE;
    }

    /** When the state last changed. If that was before a restart, it is unknown, and the start is returned. */
    synchronized Instant inStateSince(Instant now, long nowNanos) {
        return stateNanos == 0 && isRecovered() ? transaction.startedAt() : waitingSince(now, nowNanos);
    }

    /**
     * Since when this process has been waiting for participants. If the transaction was recovered, since the restart:
     * the participants may have answered before it.
     */
    synchronized Instant waitingSince(Instant now, long nowNanos) {
        return now.minusNanos(nowNanos - beganNanos - stateNanos);
    }

    synchronized Transaction transaction() {
        return transaction;
    }

    /** Its estimated memory, in bytes. */
    synchronized int bytes() {
        return TIMELINE_BYTES
                + PARTICIPANT_BYTES * transaction.participants().size()
                + EVENT_BYTES * (first.size() + latest.size());
    }

    synchronized Snapshot snapshot(long nowNanos) {
        List<TimelineEvent> events = new ArrayList<>(first);
        events.addAll(latest);
        insert(events, writesOmitted);
        insert(events, otherOmitted);
        return new Snapshot(
                transaction, initial, nowNanos - beganNanos, events, Map.copyOf(next), Map.copyOf(deliveries));
    }

    /** Inserts it before all later events. */
    private static void insert(List<TimelineEvent> events, TimelineEvent.@Nullable Omitted omitted) {
        if (omitted != null) {
            int later = 0;
            while (later < events.size() && events.get(later).nanos() <= omitted.nanos()) {
                later++;
            }
            events.add(later, omitted);
        }
    }
}
