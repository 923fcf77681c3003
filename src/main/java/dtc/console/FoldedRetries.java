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
final class FoldedRetries {

    /** Attempts drawn at the beginning, and as many at the end. */
    private static final int DRAWN_MAX = 3;

    private final List<TimelineEvent> events;
    private final Map<String, Integer> attemptsInAll = new HashMap<>();
    private final Map<String, Integer> attempts = new HashMap<>();
    private final Map<String, Integer> folded = new LinkedHashMap<>();

    FoldedRetries(List<TimelineEvent> events) {
        this.events = events;
        for (TimelineEvent event : events) {
            if (event instanceof TimelineEvent.Sent sent) {
                attemptsInAll.put(sent.resourceManager(), sent.number());
            }
        }
    }

    /** Whether {@code event} belongs to an attempt that is only counted. To be called for each event, in order. */
    boolean isFolded(TimelineEvent event) {
        String name = switch (event) {
            case TimelineEvent.Sent sent -> sent.resourceManager();
            case TimelineEvent.RetryScheduled retry -> retry.resourceManager();
            case TimelineEvent.Applied applied when applied.before() == applied.after() -> applied.unanswered();
            case TimelineEvent.Applied _, TimelineEvent.Omitted _ -> null;
        };
        if (name == null) {
            return false;
        }
        if (event instanceof TimelineEvent.Sent sent) {
            attempts.put(name, sent.number());
        }
        int number = attempts.getOrDefault(name, 0);
        boolean isFolded = number > DRAWN_MAX && number <= attemptsInAll.getOrDefault(name, 0) - DRAWN_MAX;
        if (isFolded && event instanceof TimelineEvent.Sent) {
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
     * Returns the retry scheduled for a participant after the event at {@code index}; null if an attempt comes first.
     */
    TimelineEvent.@Nullable RetryScheduled next(String name, int index) {
        for (TimelineEvent event : events.subList(index + 1, events.size())) {
            switch (event) {
                case TimelineEvent.RetryScheduled retry
                when retry.resourceManager().equals(name) -> {
                    return retry;
                }
                case TimelineEvent.Sent sent
                when sent.resourceManager().equals(name) -> {
                    return null;
                }
                case TimelineEvent.RetryScheduled _,
                        TimelineEvent.Sent _,
                        TimelineEvent.Applied _,
                        TimelineEvent.Omitted _ -> {}
            }
        }
        return null;
    }

    /** Whether an attempt for the same participant, or its failure, precedes the retry at {@code index}. */
    boolean isAfterAttempt(TimelineEvent.RetryScheduled retry, int index) {
        return events.subList(0, index).stream()
                .anyMatch(earlier -> retry.resourceManager()
                        .equals(
                                switch (earlier) {
                                    case TimelineEvent.Sent sent -> sent.resourceManager();
                                    case TimelineEvent.Applied applied -> applied.unanswered();
                                    case TimelineEvent.RetryScheduled _, TimelineEvent.Omitted _ -> null;
                                }));
    }
}
