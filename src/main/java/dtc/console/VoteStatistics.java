package dtc.console;

import dtc.protocol.Ballot;
import dtc.protocol.VoteCause;
import dtc.runtime.Registry;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The votes of each resource manager since this process started, and the duration of the latest ones. */
@Singleton
class VoteStatistics {

    /** Limit of resource managers with counts, including those that have deregistered. */
    static final int RESOURCE_MANAGERS_MAX = 10_000;

    private static final int LATEST_MAX = 64;

    private final Map<String, Tally> tallies = new ConcurrentHashMap<>();

    /**
     * The counts of one resource manager.
     *
     * @param byKind the name of the vote, or of the cause for which a missing vote counts as ABORT
     * @param median of the latest votes that arrived; null if none arrived
     * @param slowest of the same votes
     * @param latest the number of these votes
     */
    public record Counts(
            Map<String, Long> byKind,
            @Nullable Duration median,
            @Nullable Duration slowest,
            int latest) {

        static final Counts NONE = new Counts(Map.of(), null, null, 0);

        public long of(String kind) {
            return byKind.getOrDefault(kind, 0L);
        }

        public long total() {
            return byKind.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    private static final class Tally {
        private final Map<String, Long> byKind = new HashMap<>();
        private final long[] latestNanos = new long[LATEST_MAX];
        private long cast;

        private synchronized void add(String kind, @Nullable Duration elapsed) {
            byKind.merge(kind, 1L, Long::sum);
            if (elapsed != null) {
                latestNanos[(int) (cast++ % LATEST_MAX)] = elapsed.toNanos();
            }
        }

        private synchronized Counts counts() {
            int latest = (int) Math.min(cast, LATEST_MAX);
            long[] sorted = Arrays.copyOf(latestNanos, latest);
            Arrays.sort(sorted);
            Duration median = latest == 0 ? null : Duration.ofNanos(sorted[latest / 2]);
            Duration slowest = latest == 0 ? null : Duration.ofNanos(sorted[latest - 1]);
            return new Counts(Map.copyOf(byKind), median, slowest, latest);
        }
    }

    VoteStatistics(Registry registry) {
        // If the limit is reached, a new registration removes the counts of those that are not registered.
        registry.addRegistrationListener(_ -> {
            if (tallies.size() >= RESOURCE_MANAGERS_MAX) {
                tallies.keySet().removeIf(id -> registry.find(id) == null);
            }
        });
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
        boolean voted = ballot.cause() == VoteCause.VOTED;
        tally.add(voted ? ballot.vote().name() : ballot.cause().name(), voted ? elapsed : null);
    }

    Counts of(String resourceManager) {
        Tally tally = tallies.get(resourceManager);
        return tally == null ? Counts.NONE : tally.counts();
    }
}
