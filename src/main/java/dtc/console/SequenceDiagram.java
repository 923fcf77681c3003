package dtc.console;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A sequence diagram with a row for each event, in order of time. The coordinator and each participant have a lifeline;
 * messages are arrows between them.
 */
final class SequenceDiagram {

    /** Limit of lifelines of participants. Further participants share the last one. */
    static final int LIFELINES_MAX = 8;

    private static final int LIFELINE_WIDTH = 28;

    /** The minimum time without an event that is drawn as a gap. */
    private static final Duration GAP_MIN = Duration.ofSeconds(1);

    /** Distance of an arrow from its lifelines. */
    private static final int ARROW_GAP = 5;

    private static final int COORDINATOR = 0;

    /**
     * The style sheet classes of a lifeline. A shared lifeline has the first of these that one of its participants has.
     */
    private static final List<String> WORST_FIRST =
            List.of("broken", "doubt", "active", "committed", "rolled-back", "away");

    /**
     * A row of the drawing. Each lifeline is given as its class. A milestone is a change of the transaction's state.
     */
    public record Row(
            Instant at,
            Duration offset,
            Duration sincePrevious,
            Tone tone,
            boolean milestone,
            String text,
            @Nullable String detail,
            List<String> lifelines,
            List<Arrow> arrows) {

        /** Whether the time since the previous row is drawn. */
        public boolean isAfterGap() {
            return sincePrevious.compareTo(GAP_MIN) >= 0;
        }

        public int width() {
            return lifelines.size() * LIFELINE_WIDTH;
        }
    }

    /** A message from one lifeline to another; {@code lost} if it did not arrive. */
    public record Arrow(int from, int to, Tone tone, boolean lost) {

        private static Arrow between(int from, int to, Tone tone, boolean lost) {
            int gap = from < to ? ARROW_GAP : -ARROW_GAP;
            return new Arrow(place(from) + gap, place(to) - gap, tone, lost);
        }

        private static int place(int lifeline) {
            return LIFELINE_WIDTH * lifeline + LIFELINE_WIDTH / 2;
        }

        public boolean isRightwards() {
            return from < to;
        }

        public int middle() {
            return (from + to) / 2;
        }
    }

    private final Instant began;
    private final Map<String, Integer> lifelineOf = new HashMap<>();
    private final Map<String, String> classOf = new HashMap<>();
    private final String[] lifelines;
    private final List<Row> rows = new ArrayList<>();
    private Duration now = Duration.ZERO;
    private Duration previous = Duration.ZERO;

    SequenceDiagram(Instant began, List<String> participants) {
        this.began = began;
        this.lifelines = new String[Math.min(participants.size(), LIFELINES_MAX) + 1];
        Arrays.fill(lifelines, "away");
        lifelines[COORDINATOR] = "active";
        participants.forEach(name -> lifelineOf.put(name, Math.min(lifelineOf.size() + 1, LIFELINES_MAX)));
    }

    List<Row> rows() {
        return rows;
    }

    /** Sets the time of the following rows. */
    void at(long nanos) {
        now = Duration.ofNanos(nanos);
    }

    /** Sets the class of the coordinator's lifeline from the next row on. */
    void coordinator(String css) {
        lifelines[COORDINATOR] = css;
    }

    /** Sets the class of a participant's lifeline from the next row on. */
    void participant(String name, String css) {
        Integer index = lifelineOf.get(name);
        if (index != null) {
            classOf.put(name, css);
            lifelines[index] = index < LIFELINES_MAX ? css : worstOfLast();
        }
    }

    private String worstOfLast() {
        return WORST_FIRST.stream()
                .filter(css -> classOf.entrySet().stream()
                        .anyMatch(e ->
                                e.getValue().equals(css) && lifelineOf.getOrDefault(e.getKey(), 0) == LIFELINES_MAX))
                .findFirst()
                .orElse("away");
    }

    List<Arrow> to(String name, Tone tone) {
        return arrow(name, index -> Arrow.between(COORDINATOR, index, tone, false));
    }

    List<Arrow> from(String name, Tone tone) {
        return arrow(name, index -> Arrow.between(index, COORDINATOR, tone, false));
    }

    List<Arrow> lost(String name) {
        return arrow(name, index -> Arrow.between(index, COORDINATOR, Tone.WARN, true));
    }

    private List<Arrow> arrow(String name, IntFunction<Arrow> arrow) {
        Integer index = lifelineOf.get(name);
        return index == null ? List.of() : List.of(arrow.apply(index));
    }

    void row(Tone tone, boolean milestone, String text, @Nullable String detail, List<Arrow> arrows) {
        List<String> copy = List.of(lifelines);
        rows.add(new Row(began.plus(now), now, now.minus(previous), tone, milestone, text, detail, copy, arrows));
        previous = now;
    }
}
