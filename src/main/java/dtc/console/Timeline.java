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
 * The moments of one transaction. Bounded: few of its writes, and of the rest the first, which tell how it was decided,
 * and the latest, which tell how its delivery goes. Safe for use by several threads.
 */
final class Timeline {

    private static final int WRITE_MOMENTS_MAX = 60;

    /** Without writes, and without the moments of each participant: asked, voted, sent and acknowledged. */
    private static final int FIRST_MAX = 30;

    private static final int FIRST_OF_PARTICIPANT_MAX = 4;
    private static final int LATEST_MAX = 30;

    private static final int TIMELINE_BYTES = 800;
    private static final int PARTICIPANT_BYTES = 150;
    private static final int MOMENT_BYTES = 150;

    private final long beganNanos;
    private final Transaction begun;

    /** Guarded by this, like all that follows. */
    private final List<Moment> first = new ArrayList<>();

    private final ArrayDeque<Moment> latest = new ArrayDeque<>(0);
    private final Map<String, Next> next = new HashMap<>(0);
    private final Map<String, Integer> deliveries = new HashMap<>(0);
    private Transaction transaction;
    private int writeMoments;
    private Moment.@Nullable LeftOut writesLeftOut;
    private Moment.@Nullable LeftOut restLeftOut;
    private long preparingNanos;
    /** Elapsed time since the beginning, when it came into its state. */
    private long stateNanos;

    /**
     * When a participant will be told again.
     *
     * @param atNanos elapsed time since the beginning; null: once it is registered again
     */
    record Next(@Nullable Long atNanos) {}

    /**
     * What is known at one moment.
     *
     * @param nowNanos elapsed time since the beginning
     * @param begun as it came here: {@code ACTIVE}, or in another state where it came from the log
     * @param deliveries how often the outcome was sent, by resource manager
     */
    record Seen(
            Transaction transaction,
            Transaction begun,
            long nowNanos,
            List<Moment> moments,
            Map<String, Next> next,
            Map<String, Integer> deliveries) {}

    Timeline(Transaction begun, long nowNanos) {
        this.beganNanos = nowNanos;
        this.begun = begun;
        this.transaction = begun;
    }

    @SuppressWarnings("ReferenceEquality") // unchanged is the same object, and comparing participants would cost
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
        Moment.Applied moment = Moment.Applied.of(elapsed, event, step, before.state());
        boolean write = (event instanceof CoordinatorEvent.WriteRequested
                        || event instanceof CoordinatorEvent.EnlistRequested
                        || event instanceof CoordinatorEvent.WriteStaged)
                && moment.asked().isEmpty();
        if (write && before.state() == transaction.state() && ++writeMoments > WRITE_MOMENTS_MAX) {
            writesLeftOut = oneMore(writesLeftOut, elapsed, true);
        } else {
            add(moment);
        }
    }

    /** How long ago phase one began. */
    synchronized Duration preparing(long nowNanos) {
        return Duration.ofNanos(nowNanos - beganNanos - preparingNanos);
    }

    synchronized void sent(String resourceManager, Outcome outcome, long nowNanos) {
        next.remove(resourceManager);
        int number = deliveries.merge(resourceManager, 1, Integer::sum);
        add(new Moment.Told(nowNanos - beganNanos, resourceManager, outcome, number));
    }

    synchronized void retryScheduled(String resourceManager, @Nullable Duration pause, long nowNanos) {
        long elapsed = nowNanos - beganNanos;
        next.put(resourceManager, new Next(pause == null ? null : elapsed + pause.toNanos()));
        add(new Moment.Planned(elapsed, resourceManager, pause));
    }

    private void add(Moment moment) {
        int firstMax = FIRST_MAX
                + Math.min(writeMoments, WRITE_MOMENTS_MAX)
                + FIRST_OF_PARTICIPANT_MAX * transaction.participants().size();
        if (latest.isEmpty() && first.size() < firstMax) {
            first.add(moment);
            return;
        }
        latest.add(moment);
        if (latest.size() > LATEST_MAX) {
            restLeftOut = oneMore(restLeftOut, latest.remove().nanos(), false);
        }
    }

    private static Moment.LeftOut oneMore(Moment.@Nullable LeftOut before, long nanos, boolean writes) {
        return before == null
                ? new Moment.LeftOut(nanos, 1, writes)
                : new Moment.LeftOut(before.nanos(), before.number() + 1, writes);
    }

    /** When it came into its state. Where that was before a restart, it is not kept: then when it began. */
    synchronized Instant inStateSince(Instant now, long nowNanos) {
        return stateNanos == 0 && begun.state() != TransactionState.ACTIVE
                ? transaction.startedAt()
                : now.minusNanos(nowNanos - beganNanos - stateNanos);
    }

    synchronized Transaction transaction() {
        return transaction;
    }

    /** Its estimated memory, in bytes. */
    synchronized int bytes() {
        return TIMELINE_BYTES
                + PARTICIPANT_BYTES * transaction.participants().size()
                + MOMENT_BYTES * (first.size() + latest.size());
    }

    synchronized Seen see(long nowNanos) {
        List<Moment> moments = new ArrayList<>(first);
        moments.addAll(latest);
        insert(moments, writesLeftOut);
        insert(moments, restLeftOut);
        return new Seen(transaction, begun, nowNanos - beganNanos, moments, Map.copyOf(next), Map.copyOf(deliveries));
    }

    /** Ahead of all that came later. */
    private static void insert(List<Moment> moments, Moment.@Nullable LeftOut leftOut) {
        if (leftOut != null) {
            int later = 0;
            while (later < moments.size() && moments.get(later).nanos() <= leftOut.nanos()) {
                later++;
            }
            moments.add(later, leftOut);
        }
    }
}
