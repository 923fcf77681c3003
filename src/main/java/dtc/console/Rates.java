package dtc.console;

import dtc.protocol.Outcome;
import dtc.runtime.Time;
import dtc.runtime.coordinator.AppliedEvent;
import dtc.runtime.coordinator.DeliveryEvent;
import dtc.runtime.coordinator.TransactionListener;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;
import org.jspecify.annotations.Nullable;

/**
 * Outcomes and latencies of the last minutes: one point for each interval. An interval is closed by the first event or
 * request after its end, so that nothing runs without them.
 */
@Singleton
public class Rates implements TransactionListener {

    /** Five minutes. */
    static final int POINTS_MAX = 150;

    private static final long INTERVAL_NANOS = Pages.INTERVAL.toNanos();

    private static final long MICROS_MAX = Duration.ofMinutes(1).toNanos() / 1000;

    private final Time time;
    private final LongAdder committed = new LongAdder();
    private final LongAdder rolledBack = new LongAdder();
    private final LongAdder heuristic = new LongAdder();
    private final Recorder prepare = new Recorder(MICROS_MAX, 2);
    private final Recorder delivery = new Recorder(MICROS_MAX, 2);

    /** Guarded by this. Oldest first. */
    private final Deque<Point> points = new ArrayDeque<>();

    /** Elapsed time at the end of the current interval. Written under the lock of this. */
    private volatile long endNanos;

    /**
     * One interval.
     *
     * @param prepare of phase one; null if none ended
     * @param delivery from the decision to the acknowledgement of a commit; null if there was none
     */
    record Point(
            long committed,
            long rolledBack,
            long heuristic,
            @Nullable Percentiles prepare,
            @Nullable Percentiles delivery) {

        private static final Point NOTHING = new Point(0, 0, 0, null, null);
    }

    record Percentiles(Duration median, Duration p99) {

        /** Returns the percentiles since the last call; null if nothing was recorded. */
        private static @Nullable Percentiles take(Recorder recorder) {
            Histogram micros = recorder.getIntervalHistogram();
            return micros.getTotalCount() == 0
                    ? null
                    : new Percentiles(
                            Duration.ofNanos(micros.getValueAtPercentile(50) * 1000),
                            Duration.ofNanos(micros.getValueAtPercentile(99) * 1000));
        }
    }

    Rates(Time time) {
        this.time = time;
        this.endNanos = time.nanos() + INTERVAL_NANOS;
    }

    @Override
    public void applied(AppliedEvent applied) {
        if (!applied.stateChanged()) {
            return;
        }
        closeIntervals();
        if (applied.phaseOneEnded()) {
            add(prepare, applied.sincePrepare());
        }
        switch (applied.after().state()) {
            case COMMITTED -> committed.increment();
            case ROLLED_BACK -> rolledBack.increment();
            case HEURISTIC -> heuristic.increment();
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, DELEGATED, RESOLVING -> {}
            case COMMITTING, ROLLING_BACK -> {}
        }
    }

    @Override
    public void delivery(DeliveryEvent event) {
        if (event instanceof DeliveryEvent.Acknowledged acknowledged && event.outcome() == Outcome.COMMIT) {
            closeIntervals();
            add(delivery, acknowledged.sinceDecision());
        }
    }

    private static void add(Recorder recorder, Duration duration) {
        recorder.recordValue(Math.clamp(duration.toNanos() / 1000, 0, MICROS_MAX));
    }

    private void closeIntervals() {
        if (time.nanos() - endNanos >= 0) {
            addPoints();
        }
    }

    private synchronized void addPoints() {
        long sinceEnd = time.nanos() - endNanos;
        if (sinceEnd < 0) {
            return; // another thread has closed the intervals
        }
        long ended = 1 + sinceEnd / INTERVAL_NANOS;
        endNanos += ended * INTERVAL_NANOS;
        // The counts are of the first interval, since the next event would have closed it.
        points.add(new Point(
                committed.sumThenReset(),
                rolledBack.sumThenReset(),
                heuristic.sumThenReset(),
                Percentiles.take(prepare),
                Percentiles.take(delivery)));
        for (long i = 1; i < Math.min(ended, POINTS_MAX + 1); i++) {
            points.add(Point.NOTHING);
        }
        while (points.size() > POINTS_MAX) {
            points.remove();
        }
    }

    /** Oldest first. */
    synchronized List<Point> points() {
        closeIntervals();
        return List.copyOf(points);
    }
}
