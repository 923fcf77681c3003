package dtc.console;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The attempts to send an outcome to each participant. To limit the number of rows, only the first and the last
 * attempts are drawn; those in between are counted.
 */
final class Retries {

    /** Attempts drawn at the beginning, and as many at the end. */
    private static final int DRAWN_MAX = 3;

    private final List<Moment> moments;
    private final Map<String, Integer> attemptsInAll = new HashMap<>();
    private final Map<String, Integer> attempts = new HashMap<>();
    private final Map<String, Integer> folded = new LinkedHashMap<>();

    Retries(List<Moment> moments) {
        this.moments = moments;
        for (Moment moment : moments) {
            if (moment instanceof Moment.Told told) {
                attemptsInAll.put(told.resourceManager(), told.number());
            }
        }
    }

    /** Whether {@code moment} belongs to an attempt that is only counted. To be called for each moment, in order. */
    boolean isFolded(Moment moment) {
        String name = switch (moment) {
            case Moment.Told told -> told.resourceManager();
            case Moment.Planned planned -> planned.resourceManager();
            case Moment.Applied applied when applied.before() == applied.after() -> applied.unanswered();
            case Moment.Applied _, Moment.LeftOut _ -> null;
        };
        if (name == null) {
            return false;
        }
        if (moment instanceof Moment.Told told) {
            attempts.put(name, told.number());
        }
        int number = attempts.getOrDefault(name, 0);
        boolean isFolded = number > DRAWN_MAX && number <= attemptsInAll.getOrDefault(name, 0) - DRAWN_MAX;
        if (isFolded && moment instanceof Moment.Told) {
            folded.merge(name, 1, Integer::sum);
        }
        return isFolded;
    }

    /** Returns the attempts counted since the last call, by participant. */
    Map<String, Integer> takeFolded() {
        Map<String, Integer> taken = new LinkedHashMap<>(folded);
        folded.clear();
        return taken;
    }

    /**
     * Returns the retry planned for a participant after the moment at {@code index}; null if an attempt comes first.
     */
    Moment.@Nullable Planned next(String name, int index) {
        for (Moment moment : moments.subList(index + 1, moments.size())) {
            switch (moment) {
                case Moment.Planned planned
                when planned.resourceManager().equals(name) -> {
                    return planned;
                }
                case Moment.Told told
                when told.resourceManager().equals(name) -> {
                    return null;
                }
                case Moment.Planned _, Moment.Told _, Moment.Applied _, Moment.LeftOut _ -> {}
            }
        }
        return null;
    }

    /** Whether an attempt for the same participant, or its failure, precedes the planned one at {@code index}. */
    boolean isAfterAttempt(Moment.Planned planned, int index) {
        return moments.subList(0, index).stream()
                .anyMatch(earlier -> planned.resourceManager()
                        .equals(
                                switch (earlier) {
                                    case Moment.Told told -> told.resourceManager();
                                    case Moment.Applied applied -> applied.unanswered();
                                    case Moment.Planned _, Moment.LeftOut _ -> null;
                                }));
    }
}
