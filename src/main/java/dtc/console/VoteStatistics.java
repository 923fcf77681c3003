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

/** The votes of each resource manager since this process started, and the duration of the latest ones. */
@Singleton
class VoteStatistics {

    /** Limit of resource managers with counts, including those that have deregistered. */
    static final int RESOURCE_MANAGERS_MAX = 10_000;

    private static final int LATEST_MAX = 64;

    private final Map<String, Tally> tallies = new ConcurrentHashMap<>();

    /** A vote, or why a missing vote counts as ABORT. */
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
     * The counts of one resource manager.
     *
     * @param median of the latest votes that arrived; null if none arrived
     * @param slowest of the same votes
     * @param latest the number of these votes
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
     * Counts a vote. {@code elapsed} is the time since the beginning of phase one. It is ignored if no vote arrived.
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

    /** If the limit is reached, removes the counts of resource managers that are not registered. */
    void makeRoom(Predicate<String> isRegistered) {
        if (tallies.size() >= RESOURCE_MANAGERS_MAX) {
            tallies.keySet().removeIf(isRegistered.negate());
        }
    }
}
