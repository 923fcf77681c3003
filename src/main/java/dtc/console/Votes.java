package dtc.console;

import dtc.protocol.Ballot;
import dtc.protocol.VoteCause;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** How each resource manager voted since this process started, and how long its latest ones took. */
@Singleton
class Votes {

    /** Resource managers that are counted for, some of which may have left; names come and go without end. */
    static final int RESOURCE_MANAGERS_MAX = 10_000;

    private static final int LATEST_MAX = 64;

    private final Map<String, Tally> tallies = new ConcurrentHashMap<>();

    /** What a vote was, or why the coordinator voted in its stead. */
    enum Kind {
        COMMIT,
        READ_ONLY,
        ABORT,
        TIMEOUT,
        ERROR,
        UNREACHABLE;

        static Kind of(Ballot ballot) {
            return switch (ballot.vote()) {
                case COMMIT -> COMMIT;
                case READ_ONLY -> READ_ONLY;
                case ABORT ->
                    switch (ballot.cause()) {
                        case VOTED -> ABORT;
                        case TIMEOUT -> TIMEOUT;
                        case ERROR -> ERROR;
                        case UNREACHABLE -> UNREACHABLE;
                    };
            };
        }
    }

    /**
     * What is known of one resource manager.
     *
     * @param median of the latest votes that the resource manager cast; null where it cast none
     * @param slowest of the same
     * @param latest how many votes these two are of
     */
    record Counts(
            Map<Kind, Long> byKind,
            @Nullable Duration median,
            @Nullable Duration slowest,
            int latest) {

        static final Counts NONE = new Counts(Map.of(), null, null, 0);

        long of(Kind kind) {
            return byKind.getOrDefault(kind, 0L);
        }
    }

    private static final class Tally {
        private final Map<Kind, Long> byKind = new EnumMap<>(Kind.class);
        private final long[] latestNanos = new long[LATEST_MAX];
        private long cast;

        private synchronized void add(Kind kind, @Nullable Duration elapsed) {
            byKind.merge(kind, 1L, Long::sum);
            if (elapsed != null) {
                latestNanos[(int) (cast++ % LATEST_MAX)] = elapsed.toNanos();
            }
        }

        private synchronized Counts counts() {
            int latest = (int) Math.min(cast, LATEST_MAX);
            long[] sorted = Arrays.copyOf(latestNanos, latest);
            Arrays.sort(sorted);
            return new Counts(
                    Map.copyOf(byKind),
                    latest == 0 ? null : Duration.ofNanos(sorted[latest / 2]),
                    latest == 0 ? null : Duration.ofNanos(sorted[latest - 1]),
                    latest);
        }
    }

    /**
     * {@code elapsed} counts from the beginning of phase one. That of a vote that never came says nothing of how long
     * votes take.
     */
    void counted(String resourceManager, Ballot ballot, Duration elapsed) {
        Tally tally = tallies.get(resourceManager);
        if (tally == null) {
            if (tallies.size() >= RESOURCE_MANAGERS_MAX) {
                return;
            }
            tally = tallies.computeIfAbsent(resourceManager, _ -> new Tally());
        }
        tally.add(Kind.of(ballot), ballot.cause() == VoteCause.VOTED ? elapsed : null);
    }

    Counts of(String resourceManager) {
        Tally tally = tallies.get(resourceManager);
        return tally == null ? Counts.NONE : tally.counts();
    }

    /** Where no other would be counted for, forgets those that are registered no longer. */
    void makeRoom(Predicate<String> isRegistered) {
        if (tallies.size() >= RESOURCE_MANAGERS_MAX) {
            tallies.keySet().removeIf(isRegistered.negate());
        }
    }
}
