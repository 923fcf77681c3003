package dtc.console;

import dtc.coordinator.TransactionState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How long one phase of a transaction took.
 *
 * @param from its beginning, in per mille of all phases
 * @param width in per mille of all phases
 */
public record Phase(String name, Duration took, int from, int width) {

    /** The minimum width, in per mille, so that the shortest phase is visible. */
    private static final long WIDTH_MIN = 8;

    private static final String ENDED = "ended";

    /** Returns the phases until now, in order. */
    static List<Phase> of(Timeline.Snapshot snapshot) {
        Map<String, Long> nanos = new LinkedHashMap<>();
        TransactionState state = snapshot.initial().state();
        long since = 0;
        for (TimelineEvent event : snapshot.events()) {
            if (event instanceof TimelineEvent.Applied m && m.before() != m.after()) {
                nanos.merge(nameOf(state), m.nanos() - since, Long::sum);
                state = m.after();
                since = m.nanos();
            }
        }
        nanos.merge(nameOf(state), snapshot.nowNanos() - since, Long::sum);
        nanos.remove(ENDED);
        long whole =
                Math.max(1, nanos.values().stream().mapToLong(Long::longValue).sum());
        List<Phase> phases = new ArrayList<>();
        int from = 0;
        for (Map.Entry<String, Long> one : nanos.entrySet()) {
            int width = (int) (WIDTH_MIN + one.getValue() * (1000 - WIDTH_MIN * nanos.size()) / whole);
            phases.add(new Phase(one.getKey(), Duration.ofNanos(one.getValue()), from, width));
            from += width;
        }
        return phases;
    }

    private static String nameOf(TransactionState state) {
        return switch (state) {
            case ACTIVE, MARKED_ROLLBACK -> "active";
            case PREPARING -> "voting";
            case DECIDING, DELEGATING -> "recording";
            case DELEGATED, RESOLVING, COMMITTING, ROLLING_BACK -> "delivering";
            case COMMITTED, ROLLED_BACK, HEURISTIC -> ENDED;
        };
    }
}
