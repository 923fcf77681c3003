package dtc.console;

import dtc.coordinator.TransactionState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How long one phase of a transaction took.
 *
 * @param from its beginning, in per mille of all phases
 * @param width in per mille of all phases
 */
public record Phase(String name, String took, String css, int from, int width) {

    /** The minimum width, in per mille, so that the shortest phase is visible. */
    private static final long WIDTH_MIN = 8;

    /** Returns the phases until now, in order. */
    static List<Phase> of(Timeline.Snapshot snapshot) {
        Map<String, Long> nanos = new LinkedHashMap<>();
        String phase = nameOf(snapshot.initial().state());
        long since = 0;
        for (TimelineEvent event : snapshot.events()) {
            if (event instanceof TimelineEvent.Applied m && m.before() != m.after()) {
                if (phase != null) {
                    nanos.merge(phase, m.nanos() - since, Long::sum);
                }
                phase = nameOf(m.after());
                since = m.nanos();
            }
        }
        if (phase != null) {
            nanos.merge(phase, snapshot.nowNanos() - since, Long::sum);
        }
        long whole =
                Math.max(1, nanos.values().stream().mapToLong(Long::longValue).sum());
        List<Phase> phases = new ArrayList<>();
        int from = 0;
        for (Map.Entry<String, Long> one : nanos.entrySet()) {
            int width = (int) (WIDTH_MIN + one.getValue() * (1000 - WIDTH_MIN * nanos.size()) / whole);
            phases.add(new Phase(
                    one.getKey(),
                    Format.duration(Duration.ofNanos(one.getValue())),
                    one.getKey().replace(' ', '-'),
                    from,
                    width));
            from += width;
        }
        return phases;
    }

    private static @Nullable String nameOf(TransactionState state) {
        return switch (state) {
            case ACTIVE, MARKED_ROLLBACK -> "active";
            case PREPARING -> "voting";
            case DECIDING, DELEGATING -> "recording";
            case DELEGATED, RESOLVING, COMMITTING, ROLLING_BACK -> "delivering";
            case COMMITTED, ROLLED_BACK, HEURISTIC -> null;
        };
    }
}
