package dtc.console;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A sequence diagram with a row for each event, in order of time. The coordinator and each participant have a lifeline;
 * messages are arrows between them.
 */
final class SequenceDiagram {

    /** Limit of lifelines of participants. Further participants share the last one. */
    static final int LIFELINES_MAX = 8;

    /** Distance between two lifelines. */
    private static final int LIFELINE_WIDTH = 28;

    /** The minimum time without an event that is drawn as a gap. */
    private static final Duration GAP = Duration.ofSeconds(1);

    /** Distance of an arrow from its lifelines. */
    private static final int ARROW_GAP = 5;

    private static final int COORDINATOR = 0;

    /**
     * The style sheet classes of a lifeline. A shared lifeline has the first of these that one of its participants has.
     */
    private static final List<String> WORST_FIRST =
            List.of("broken", "doubt", "active", "committed", "rolled-back", "away");

    /**
     * A row of the drawing.
     *
     * @param at the time, absolute
     * @param offset the time since the beginning
     * @param gap the time since the previous row; null if it is short
     * @param lifelines the style sheet class of each lifeline in this row
     * @param milestone whether the state of the transaction changed
     */
    public record Row(
            String at,
            String offset,
            @Nullable String gap,
            Tone tone,
            boolean milestone,
            String text,
            @Nullable String detail,
            List<String> lifelines,
            List<Arrow> arrows,
            int width) {}

    /** A message from one lifeline to another; {@code lost} if it did not arrive. */
    public record Arrow(int from, int to, String head, Tone tone, boolean lost) {

        public int middle() {
            return (from + to) / 2;
        }
    }

    private final Instant began;
    private final Map<String, Integer> lifelineOf = new HashMap<>();
    private final Map<String, String> classOf = new HashMap<>();
    private final String[] lifelines;
    private final List<Row> rows = new ArrayList<>();
    private long previousNanos;

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
        Set<String> states = new HashSet<>();
        classOf.forEach((name, css) -> {
            if (lifelineOf.getOrDefault(name, 0) == LIFELINES_MAX) {
                states.add(css);
            }
        });
        return WORST_FIRST.stream().filter(states::contains).findFirst().orElse("away");
    }

    private static int place(int lifeline) {
        return LIFELINE_WIDTH * lifeline + LIFELINE_WIDTH / 2;
    }

    List<Arrow> to(String name, Tone tone) {
        Integer index = lifelineOf.get(name);
        return index == null ? List.of() : List.of(arrow(place(COORDINATOR), place(index), tone, false));
    }

    List<Arrow> from(String name, Tone tone) {
        Integer index = lifelineOf.get(name);
        return index == null ? List.of() : List.of(arrow(place(index), place(COORDINATOR), tone, false));
    }

    List<Arrow> lost(String name) {
        Integer index = lifelineOf.get(name);
        return index == null ? List.of() : List.of(arrow(place(index), place(COORDINATOR), Tone.WARN, true));
    }

    private static Arrow arrow(int from, int to, Tone tone, boolean lost) {
        int direction = from < to ? 1 : -1;
        int end = to - direction * ARROW_GAP;
        return new Arrow(
                from + direction * ARROW_GAP,
                end,
                String.format(Locale.ROOT, "M%d 12l%d -4v8z", end, direction * -7),
                tone,
                lost);
    }

    void row(long nanos, Tone tone, boolean milestone, String text, @Nullable String detail, List<Arrow> arrows) {
        Duration since = Duration.ofNanos(nanos - previousNanos);
        previousNanos = nanos;
        rows.add(new Row(
                Format.time(began.plusNanos(nanos)),
                nanos == 0 ? "0" : "+" + Format.duration(Duration.ofNanos(nanos)),
                since.compareTo(GAP) >= 0 ? Format.duration(since) + " later" : null,
                tone,
                milestone,
                text,
                detail,
                List.of(lifelines),
                arrows,
                lifelines.length * LIFELINE_WIDTH));
    }
}
