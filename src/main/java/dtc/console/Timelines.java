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
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
    private final Map<TransactionId, Timeline> open = new ConcurrentHashMap<>();
    private final EndedTimelines committed;
    private final EndedTimelines rolledBack;
    private final EndedTimelines heuristic;
    /** These three. */
    private final List<EndedTimelines> ended;

    Timelines(Time time, VoteStatistics votes, ConsoleSettings settings) {
        this.time = time;
        this.votes = votes;
        this.committed = new EndedTimelines(settings.timelinesMax(), settings.timelineBytesMax());
        this.rolledBack = new EndedTimelines(settings.timelinesMax(), settings.timelineBytesMax());
        this.heuristic = new EndedTimelines(settings.timelinesMax(), settings.timelineBytesMax());
        this.ended = List.of(committed, rolledBack, heuristic);
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
            changed(before.id());
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
            changed(event.transaction());
        }
    }

    private synchronized void ended(Transaction transaction) {
        TransactionId id = transaction.id();
        boolean isHeuristic = transaction.state() == TransactionState.HEURISTIC;
        Timeline timeline = open.get(id);
        if (timeline == null && isHeuristic) {
            timeline = rolledBack.find(id);
        }
        if (timeline == null) {
            return; // there is no timeline, or a later event was processed first
        }
        EndedTimelines kept =
                isHeuristic ? heuristic : transaction.state() == TransactionState.COMMITTED ? committed : rolledBack;
        kept.add(id, timeline);
        open.remove(id);
        if (isHeuristic) {
            rolledBack.remove(id);
        }
    }

    /** Counts a new event. The outcome of an ended transaction may still be delivered. */
    private void changed(TransactionId id) {
        if (!open.containsKey(id)) {
            ended.forEach(kept -> kept.changed(id));
        }
    }

    /** Null if it was not kept. */
    private @Nullable Timeline find(TransactionId id) {
        Timeline timeline = open.get(id);
        if (timeline != null) {
            return timeline;
        }
        return ended.stream()
                .map(kept -> kept.find(id))
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
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
