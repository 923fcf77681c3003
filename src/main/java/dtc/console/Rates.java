package dtc.console;

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

/** Outcomes and latencies of the last minutes: one point for each interval of {@link LiveUpdates}. */
@Singleton
public class Rates implements TransactionListener {

    /** Five minutes. */
    static final int POINTS_MAX = 150;

    private static final long MICROS_MAX = Duration.ofMinutes(1).toNanos() / 1000;

    private final LongAdder committed = new LongAdder();
    private final LongAdder rolledBack = new LongAdder();
    private final LongAdder heuristic = new LongAdder();
    private final Recorder prepare = new Recorder(MICROS_MAX, 2);

    /** Guarded by this. Oldest first. */
    private final Deque<Point> points = new ArrayDeque<>();

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

    @Override
    public void applied(AppliedEvent applied) {
        if (applied.phaseOneEnded()) {
            prepare.recordValue(Math.min(applied.sincePrepare().toNanos() / 1000, MICROS_MAX));
        }
        if (applied.stateChanged()) {
            switch (applied.after().state()) {
                case COMMITTED -> committed.increment();
                case ROLLED_BACK -> rolledBack.increment();
                case HEURISTIC -> heuristic.increment();
                case ACTIVE, MARKED_ROLLBACK, PREPARING, DECIDING, DELEGATING, DELEGATED, RESOLVING -> {}
                case COMMITTING, ROLLING_BACK -> {}
            }
        }
    }

    synchronized void closeInterval() {
        Histogram histogram = prepare.getIntervalHistogram(recycled);
        boolean none = histogram.getTotalCount() == 0;
        points.add(new Point(
                committed.sumThenReset(),
                rolledBack.sumThenReset(),
                heuristic.sumThenReset(),
                none ? null : percentile(histogram, 50),
                none ? null : percentile(histogram, 99)));
        recycled = histogram;
        if (points.size() > POINTS_MAX) {
            points.remove();
        }
    }

    private static Duration percentile(Histogram histogram, double percent) {
        return Duration.ofNanos(histogram.getValueAtPercentile(percent) * 1000);
    }

    /** Oldest first. */
    synchronized List<Point> points() {
        return List.copyOf(points);
    }
}
