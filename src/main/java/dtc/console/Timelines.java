package dtc.console;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.TransactionId;
import dtc.runtime.Time;
import dtc.runtime.coordinator.AppliedEvent;
import dtc.runtime.coordinator.DeliveryEvent;
import dtc.runtime.coordinator.TransactionListener;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The timelines of all transactions in flight, and of the newest that committed, that rolled back, and that have a
 * heuristic outcome. The limits are separate, so that many commits do not evict the timelines of the few failures.
 */
@Singleton
public class Timelines implements TransactionListener {

    private final Time time;
    private final VoteStatistics votes;
    private final int endedMax;
    private final Map<TransactionId, Timeline> open = new ConcurrentHashMap<>();
    private final Map<TransactionId, Timeline> ended = new ConcurrentHashMap<>();
    /** In the order of their end. All three are guarded by this. */
    private final Queue<TransactionId> committed = new ArrayDeque<>();

    private final Queue<TransactionId> rolledBack = new ArrayDeque<>();
    private final Queue<TransactionId> heuristic = new ArrayDeque<>();

    Timelines(Time time, VoteStatistics votes, ConsoleSettings settings) {
        this.time = time;
        this.votes = votes;
        this.endedMax = settings.timelinesMax();
    }

    @Override
    public void applied(AppliedEvent applied) {
        Transaction before = applied.before();
        CoordinatorEvent event = applied.event();
        if (before == null || event == null) {
            Transaction initial = applied.after();
            open.put(initial.id(), new Timeline(initial, time.nanos()));
            return;
        }
        Timeline timeline = find(before.id());
        if (timeline != null) {
            applied(timeline, applied, before, event);
        }
        if (applied.ended()) {
            ended(applied.after());
        }
    }

    private void applied(Timeline timeline, AppliedEvent applied, Transaction before, CoordinatorEvent event) {
        long now = time.nanos();
        timeline.applied(before, event, applied.step(), now);
        // A one-phase commit is a vote too. Votes that were requested before a restart are not counted.
        boolean mayBringVotes = before.state() == TransactionState.PREPARING
                || before.state() == TransactionState.DELEGATED
                || event instanceof CoordinatorEvent.VoteArrived;
        if (mayBringVotes) {
            Duration elapsed = timeline.preparing(now);
            for (Participant voter : applied.voters()) {
                votes.counted(voter.resourceManager(), Objects.requireNonNull(voter.ballot()), elapsed);
            }
        }
    }

    @Override
    public void delivery(DeliveryEvent event) {
        Timeline timeline = find(event.transaction());
        if (timeline != null) {
            switch (event) {
                case DeliveryEvent.Sent e -> timeline.sent(e.resourceManager(), e.outcome(), time.nanos());
                case DeliveryEvent.RetryScheduled e ->
                    timeline.retryScheduled(e.resourceManager(), e.pause(), time.nanos());
                case DeliveryEvent.Acknowledged _ -> {} // shown as an event of the transaction
            }
        }
    }

    private synchronized void ended(Transaction transaction) {
        TransactionId id = transaction.id();
        boolean isHeuristic = transaction.state() == TransactionState.HEURISTIC;
        Timeline timeline = open.get(id);
        if (timeline != null) {
            ended.put(id, timeline);
            open.remove(id);
        } else if (!isHeuristic || !rolledBack.remove(id)) {
            return; // there is no timeline, or a later event was processed first
        }
        Queue<TransactionId> order =
                isHeuristic ? heuristic : transaction.state() == TransactionState.COMMITTED ? committed : rolledBack;
        order.add(id);
        if (order.size() > endedMax) {
            ended.remove(order.remove());
        }
    }

    /** Null if it was not kept. */
    private @Nullable Timeline find(TransactionId id) {
        Timeline timeline = open.get(id);
        return timeline == null ? ended.get(id) : timeline;
    }

    /** Null if it was not kept. */
    Timeline.@Nullable Snapshot snapshot(TransactionId id) {
        Timeline timeline = find(id);
        return timeline == null ? null : timeline.snapshot(time.nanos());
    }

    /** When the state last changed; null if there is no timeline. */
    @Nullable
    Instant inStateSince(TransactionId id, Instant now) {
        Timeline timeline = find(id);
        return timeline == null ? null : timeline.inStateSince(now, time.nanos());
    }

    /** The timelines of transactions that have not ended, in no particular order. */
    Collection<Timeline> open() {
        return open.values();
    }
}
