package dtc.console;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.State;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.Time;
import dtc.runtime.coordinator.ResourceManagerHealth;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The resource managers that are registered, or to which outcomes are undelivered. */
@Singleton
class ResourceManagers {

    private final Registry registry;
    private final ResourceManagerHealth health;
    private final VoteStatistics votes;
    private final Timelines timelines;
    private final ConsoleSettings settings;
    private final Time time;

    /**
     * One resource manager.
     *
     * @param registered whether it is registered; one that is not may still have undelivered outcomes
     * @param chip its status
     * @param status details of the status
     * @param down why it is down; null if it is not, or if it is not registered
     * @param undelivered outcomes that it has not acknowledged
     * @param recovered how many of these were recovered from the log, and may have been delivered before the restart
     * @param delegated transactions whose outcome it decides, and has not reported
     * @param overdue whether the oldest of these has been waiting for too long
     * @param lastError the reply to the newest failed delivery of the oldest undelivered outcome
     */
    public record Row(
            String id,
            boolean registered,
            Chip chip,
            String status,
            @Nullable String down,
            @Nullable String url,
            @Nullable String instance,
            List<String> features,
            @Nullable Timestamp registeredAt,
            @Nullable Timestamp renewedAt,
            @Nullable String median,
            @Nullable String slowest,
            int latest,
            List<VoteCount> votes,
            long votesTotal,
            long undelivered,
            long recovered,
            long delegated,
            boolean overdue,
            @Nullable Timestamp oldest,
            @Nullable String lastError) {

        public String link() {
            return Links.resourceManager(id);
        }

        public String transactionsLink() {
            return Links.transactionsOf(id);
        }

        /** Whether it is registered, has undelivered outcomes, or has voted since the start. */
        boolean isKnown() {
            return registered || waiting() > 0 || votesTotal > 0;
        }

        /** Transactions that wait for it. */
        public long waiting() {
            return undelivered + delegated;
        }

        boolean isUp() {
            return registered && down == null;
        }

        boolean needsAction() {
            return down != null || overdue;
        }

        /** The actions that have an effect now. Nothing can be sent to a resource manager that is not registered. */
        public List<Action> actions() {
            boolean lapsed = chip.equals(LAPSED);
            List<Action> actions = new ArrayList<>();
            if (registered && waiting() > 0) {
                actions.add(Action.RETRY);
            }
            if (lapsed) {
                actions.add(Action.REMOVE);
            }
            if ((lapsed || !registered) && waiting() > 0) {
                actions.add(Action.GIVE_UP);
            }
            return actions;
        }
    }

    private static final Chip LAPSED = new Chip("lapsed", Tone.BAD);

    /** The number of votes of one kind. */
    public record VoteCount(String kind, long number, Tone tone) {

        public String count() {
            return Format.count(number);
        }
    }

    /** The transactions that wait for one resource manager. */
    private static final class Waiting {
        private long undelivered;
        private long recovered;
        private long delegated;
        private Instant oldest = Instant.MAX;
        private @Nullable String lastError;

        private void add(Timeline timeline, Participant participant, Instant since) {
            if (isUndelivered(participant)) {
                undelivered++;
                recovered += timeline.isRecovered() ? 1 : 0;
            } else {
                delegated++;
            }
            if (since.isBefore(oldest)) {
                oldest = since;
                lastError = participant.reason();
            }
        }
    }

    ResourceManagers(
            Registry registry,
            ResourceManagerHealth health,
            VoteStatistics votes,
            Timelines timelines,
            ConsoleSettings settings,
            Time time) {
        this.registry = registry;
        this.health = health;
        this.votes = votes;
        this.timelines = timelines;
        this.settings = settings;
        this.time = time;
    }

    /** Those first that need action, then by the number of transactions that wait for them, then by name. */
    List<Row> all() {
        Map<String, Waiting> waiting = waiting();
        Set<String> ids = new TreeSet<>(waiting.keySet());
        registry.all().forEach(r -> ids.add(r.id()));
        return ids.stream()
                .map(id -> row(id, registry.find(id), waiting.getOrDefault(id, new Waiting())))
                .sorted(Comparator.comparing(Row::needsAction)
                        .thenComparingLong(Row::waiting)
                        .reversed()
                        .thenComparing(Row::id))
                .toList();
    }

    /** Null if it is not known. */
    @Nullable
    Row find(String id) {
        Row row = get(id);
        return row.isKnown() ? row : null;
    }

    Row get(String id) {
        return row(id, registry.find(id), waiting().getOrDefault(id, new Waiting()));
    }

    /** The transactions that wait for it, oldest first. */
    List<Transaction> waitingFor(String id, int limit) {
        return timelines.open().stream()
                .map(Timeline::transaction)
                .filter(t -> t.participants().stream()
                        .anyMatch(p -> p.resourceManager().equals(id) && isWaitedFor(t, p)))
                .sorted(Comparator.comparing(Transaction::id))
                .limit(limit)
                .toList();
    }

    /** The number of open transactions in such a state in which it participates. */
    long count(String id, Predicate<TransactionState> state) {
        return timelines.open().stream()
                .map(Timeline::transaction)
                .filter(t -> state.test(t.state()) && t.participant(id) != null)
                .count();
    }

    /** Whether the transaction waits for the participant to acknowledge or to report the outcome. */
    static boolean isWaitedFor(Transaction t, Participant participant) {
        return isUndelivered(participant) || t.state().isDelegated();
    }

    static boolean isUndelivered(Participant participant) {
        return participant.state() == State.COMMITTING || participant.state() == State.ROLLING_BACK;
    }

    private Map<String, Waiting> waiting() {
        Instant now = time.now();
        long nanos = time.nanos();
        Map<String, Waiting> waiting = new HashMap<>();
        for (Timeline timeline : timelines.open()) {
            Transaction t = timeline.transaction();
            for (Participant p : t.participants()) {
                if (isWaitedFor(t, p)) {
                    waiting.computeIfAbsent(p.resourceManager(), _ -> new Waiting())
                            .add(timeline, p, timeline.waitingSince(now, nanos));
                }
            }
        }
        return waiting;
    }

    private Row row(String id, @Nullable Registration r, Waiting waiting) {
        Instant now = time.now();
        boolean live = r != null && registry.isLive(r);
        ResourceManagerHealth.Down down = r == null ? null : health.down(r);
        boolean overdue = waiting.undelivered + waiting.delegated > 0 && settings.isOverdue(waiting.oldest, now);
        VoteStatistics.Counts counts = votes.of(id);
        List<VoteCount> byKind = List.of(
                new VoteCount("commit", counts.of(VoteStatistics.Kind.COMMIT), Tone.GOOD),
                new VoteCount("read only", counts.of(VoteStatistics.Kind.READ_ONLY), Tone.GOOD),
                new VoteCount("abort", counts.of(VoteStatistics.Kind.ABORT), Tone.BACK),
                new VoteCount("timeout", counts.of(VoteStatistics.Kind.TIMEOUT), Tone.WARN),
                new VoteCount("error", counts.of(VoteStatistics.Kind.ERROR), Tone.WARN),
                new VoteCount("unreachable", counts.of(VoteStatistics.Kind.UNREACHABLE), Tone.WARN));
        return new Row(
                id,
                r != null,
                chip(r, live, down, overdue),
                status(r, live, down),
                down == null ? null : down.reason(),
                r == null ? null : r.url(),
                r == null ? null : r.instance().toString(),
                r == null ? List.of() : r.features().stream().sorted().toList(),
                r == null ? null : Timestamp.of(r.registeredAt(), now),
                r == null ? null : Timestamp.of(r.renewedAt(), now),
                counts.median() == null ? null : Format.duration(counts.median()),
                counts.slowest() == null ? null : Format.duration(counts.slowest()),
                counts.latest(),
                byKind,
                byKind.stream().mapToLong(VoteCount::number).sum(),
                waiting.undelivered,
                waiting.recovered,
                waiting.delegated,
                overdue,
                waiting.oldest.equals(Instant.MAX) ? null : Timestamp.of(waiting.oldest, now),
                waiting.lastError);
    }

    private static Chip chip(
            @Nullable Registration r, boolean live, ResourceManagerHealth.@Nullable Down down, boolean overdue) {
        if (r == null) {
            return new Chip("not registered", overdue ? Tone.BAD : Tone.WARN);
        }
        if (!live) {
            return LAPSED;
        }
        if (down != null) {
            return new Chip("down", Tone.BAD);
        }
        return overdue ? new Chip("not acknowledging", Tone.WARN) : new Chip("live", Tone.GOOD);
    }

    private String status(@Nullable Registration r, boolean live, ResourceManagerHealth.@Nullable Down down) {
        if (r == null) {
            return "";
        }
        Duration left = registry.lease().minusNanos(time.nanos() - r.renewedAtNanos());
        if (!live) {
            return "%s ago".formatted(Format.coarse(left.negated()));
        }
        return down == null
                ? "lease: %s of %s left".formatted(Format.coarse(left), Format.coarse(registry.lease()))
                : down.reason();
    }
}
