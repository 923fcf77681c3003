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
import java.util.Collection;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
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
    /** By final state. */
    private final Map<TransactionState, Ended> ended = new EnumMap<>(TransactionState.class);

    /**
     * The newest timelines of ended transactions of one kind, limited in number and memory. Safe for use by several
     * threads.
     */
    static final class Ended {

        private final int countMax;
        private final long bytesMax;
        /** In the order in which they ended. Guarded by this. */
        private final Map<TransactionId, Kept> timelines = new LinkedHashMap<>();
        /** The estimated memory of all. Guarded by this. */
        private long bytes;

        private record Kept(Timeline timeline, int bytes) {}

        Ended(int countMax, long bytesMax) {
            this.countMax = countMax;
            this.bytesMax = bytesMax;
        }

        /** Adds a timeline as the newest, or counts its memory again if it is one of these. */
        synchronized void add(TransactionId id, Timeline timeline) {
            Kept kept = new Kept(timeline, timeline.bytes());
            Kept before = timelines.put(id, kept);
            bytes += kept.bytes() - (before == null ? 0 : before.bytes());
            Iterator<Kept> oldest = timelines.values().iterator();
            while (timelines.size() > countMax || (bytes > bytesMax && timelines.size() > 1)) {
                bytes -= oldest.next().bytes();
                oldest.remove();
            }
        }

        synchronized void changed(TransactionId id) {
            Timeline timeline = find(id);
            if (timeline != null) {
                add(id, timeline);
            }
        }

        synchronized void remove(TransactionId id) {
            Kept kept = timelines.remove(id);
            bytes -= kept == null ? 0 : kept.bytes();
        }

        synchronized @Nullable Timeline find(TransactionId id) {
            Kept kept = timelines.get(id);
            return kept == null ? null : kept.timeline();
        }
    }

    Timelines(Time time, VoteStatistics votes, ConsoleSettings settings) {
        this.time = time;
        this.votes = votes;
        Stream.of(TransactionState.values())
                .filter(TransactionState::isFinal)
                .forEach(state -> ended.put(state, new Ended(settings.timelinesMax(), settings.timelineBytesMax())));
    }

    @Override
    public void applied(AppliedEvent applied) {
        Transaction before = applied.before();
        CoordinatorEvent event = applied.event();
        long now = time.nanos();
        if (before == null || event == null) {
            Transaction initial = applied.after();
            open.put(initial.id(), new Timeline(initial, now));
            return;
        }
        Timeline timeline = find(before.id());
        if (timeline != null) {
            timeline.applied(before, event, applied.step(), now);
            // A one-phase commit is a vote too. Votes that were requested before a restart are not counted.
            if (before.state() == TransactionState.PREPARING
                    || before.state() == TransactionState.DELEGATED
                    || event instanceof CoordinatorEvent.VoteArrived) {
                Duration elapsed = timeline.preparing(now);
                for (Participant voter : applied.voters()) {
                    votes.counted(voter.resourceManager(), Objects.requireNonNull(voter.ballot()), elapsed);
                }
            }
            changed(before.id());
        }
        if (applied.ended()) {
            ended(before.id(), applied.after().state());
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

    /** A transaction that rolled back may become heuristic later. */
    private synchronized void ended(TransactionId id, TransactionState state) {
        Timeline timeline = state == TransactionState.HEURISTIC ? find(id) : open.get(id);
        if (timeline != null) { // otherwise there is none, or a later event was processed first
            Ended kept = Objects.requireNonNull(ended.get(state));
            kept.add(id, timeline);
            open.remove(id);
            ended.values().stream().filter(other -> other != kept).forEach(other -> other.remove(id));
        }
    }

    /** Counts a new event. The outcome of an ended transaction may still be delivered. */
    private void changed(TransactionId id) {
        if (!open.containsKey(id)) {
            ended.values().forEach(kept -> kept.changed(id));
        }
    }

    /** Null if it was not kept. */
    @Nullable
    Timeline find(TransactionId id) {
        Timeline timeline = open.get(id);
        if (timeline != null) {
            return timeline;
        }
        return ended.values().stream()
                .map(kept -> kept.find(id))
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    /** The timelines of transactions that have not ended, in no particular order. */
    Collection<Timeline> open() {
        return open.values();
    }
}
