package dtc.console;

import dtc.runtime.Time;
import dtc.runtime.coordinator.AppliedEvent;
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

    /** Guarded by this. Oldest first. */
    private final Deque<Point> points = new ArrayDeque<>();

    /** Elapsed time at the end of the current interval. Written under the lock of this. */
    private volatile long endNanos;

    private @Nullable Histogram recycled;

    /**
     * One interval.
     *
     * @param prepareMedian null if no phase one ended
     */
    record Point(
            long committed,
            long rolledBack,
            long heuristic,
            @Nullable Duration prepareMedian,
            @Nullable Duration prepareP99) {}

    Rates(Time time) {
        this.time = time;
        this.endNanos = time.nanos() + INTERVAL_NANOS;
    }

    @Override
    public void applied(AppliedEvent applied) {
        if (!applied.stateChanged()) {
            return;
        }
        if (time.nanos() - endNanos >= 0) {
            closeIntervals();
        }
        if (applied.phaseOneEnded()) {
            prepare.recordValue(Math.min(applied.sincePrepare().toNanos() / 1000, MICROS_MAX));
        }
        switch (applied.after().state()) {
            case COMMITTED -> committed.increment();
            case ROLLED_BACK -> rolledBack.increment();
            case HEURISTIC -> heuristic.increment();
            case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, DELEGATED, RESOLVING -> {}
            case COMMITTING, ROLLING_BACK -> {}
        }
    }

    private synchronized void closeIntervals() {
        long sinceEnd = time.nanos() - endNanos;
        if (sinceEnd < 0) {
            return; // another thread has closed them
        }
        long ended = 1 + sinceEnd / INTERVAL_NANOS;
        endNanos += ended * INTERVAL_NANOS;
        // The counts are of the first interval, since the next event would have closed it.
        for (long i = 0; i < Math.min(ended, POINTS_MAX + 1); i++) {
            recycled = prepare.getIntervalHistogram(recycled);
            points.add(new Point(
                    committed.sumThenReset(),
                    rolledBack.sumThenReset(),
                    heuristic.sumThenReset(),
                    percentile(recycled, 50),
                    percentile(recycled, 99)));
            if (points.size() > POINTS_MAX) {
                points.remove();
            }
        }
    }

    private static @Nullable Duration percentile(Histogram histogram, double percent) {
        return histogram.getTotalCount() == 0 ? null : Duration.ofNanos(histogram.getValueAtPercentile(percent) * 1000);
    }

    /** Oldest first. */
    synchronized List<Point> points() {
        closeIntervals();
        return List.copyOf(points);
    }
}
