package dtc.console;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.State;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.Time;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The resource managers as an operator sees them: registered, or waited for. */
@Singleton
class ResourceManagers {

    private final Registry registry;
    private final Votes votes;
    private final Timelines timelines;
    private final Time time;

    /**
     * One resource manager.
     *
     * @param registered whether it is; one that left, and that a decided transaction still waits for, is not
     * @param lease how it stands, in words
     * @param waiting participants in it that are to be told an outcome
     * @param waitingSince the oldest of these decisions; null where none waits
     */
    public record Row(
            String id,
            boolean registered,
            boolean live,
            String lease,
            @Nullable String url,
            @Nullable String instance,
            List<String> features,
            @Nullable When registeredAt,
            @Nullable When renewedAt,
            @Nullable String median,
            @Nullable String slowest,
            int latest,
            List<Count> votes,
            long votesTotal,
            long waiting,
            @Nullable When waitingSince,
            @Nullable Instant oldest) {

        public String link() {
            return Links.resourceManager(id);
        }

        public String transactionsLink() {
            return Links.transactionsOf(id);
        }

        /** Registered or waited for; one that is neither may be gone, or may never have been. */
        boolean isKnown() {
            return registered || waiting > 0;
        }

        public String commits() {
            return Texts.count(number(Tone.GOOD));
        }

        public Chip chip() {
            return live
                    ? new Chip("live", Tone.GOOD)
                    : new Chip(registered ? "lapsed" : "not registered", waiting > 0 ? Tone.BAD : Tone.WARN);
        }

        /** What could change anything now. */
        public List<Action> actions() {
            boolean lapsed = registered && !live;
            return waiting > 0 && lapsed
                    ? List.of(Action.DELIVER, Action.REMOVE)
                    : waiting > 0 ? List.of(Action.DELIVER) : lapsed ? List.of(Action.REMOVE) : List.of();
        }

        /** Votes to abort, by the resource manager itself. */
        public long aborts() {
            return number(Tone.BACK);
        }

        /** Votes to abort that the coordinator cast in its stead. */
        public long failures() {
            return number(Tone.WARN);
        }

        private long number(Tone tone) {
            return votes.stream()
                    .filter(c -> c.tone() == tone)
                    .mapToLong(Count::number)
                    .sum();
        }
    }

    /** Votes of one kind. */
    public record Count(String kind, long number, Tone tone) {

        public String count() {
            return Texts.count(number);
        }
    }

    /** What waits for one resource manager. */
    private record Waiting(long number, Instant oldest) {
        private Waiting and(Waiting other) {
            return new Waiting(number + other.number, oldest.isBefore(other.oldest) ? oldest : other.oldest);
        }
    }

    ResourceManagers(Registry registry, Votes votes, Timelines timelines, Time time) {
        this.registry = registry;
        this.votes = votes;
        this.timelines = timelines;
        this.time = time;
    }

    /** Those first that most waits for, then those that are not live, then by name. */
    List<Row> all() {
        Map<String, Waiting> waiting = waiting();
        Set<String> ids = new TreeSet<>(waiting.keySet());
        registry.all().forEach(r -> ids.add(r.id()));
        return ids.stream()
                .map(id -> row(id, registry.find(id), waiting.get(id)))
                .sorted(Comparator.comparingLong(Row::waiting)
                        .reversed()
                        .thenComparing(Row::live)
                        .thenComparing(Row::id))
                .toList();
    }

    /** Null where it is neither registered nor waited for. */
    @Nullable
    Row find(String id) {
        Row row = get(id);
        return row.isKnown() ? row : null;
    }

    /** As it stands, or stood: {@code id} may be of one that is gone. */
    Row get(String id) {
        return row(id, registry.find(id), waiting().get(id));
    }

    /** The transactions that wait for it, oldest first. */
    List<Transaction> waitingFor(String id, int limit) {
        return timelines.open().stream()
                .map(Timeline::transaction)
                .filter(t -> t.participants().stream()
                        .anyMatch(p -> p.resourceManager().equals(id) && isToBeTold(p)))
                .sorted(Comparator.comparing(Transaction::id))
                .limit(limit)
                .toList();
    }

    /** How many transactions are in such a state, and have written to it. */
    long count(String id, Predicate<TransactionState> state) {
        return timelines.open().stream()
                .map(Timeline::transaction)
                .filter(t -> state.test(t.state()) && t.participant(id) != null)
                .count();
    }

    static boolean isToBeTold(Participant participant) {
        return participant.state() == State.COMMITTING || participant.state() == State.ROLLING_BACK;
    }

    private Map<String, Waiting> waiting() {
        Map<String, Waiting> waiting = new HashMap<>();
        for (Timeline timeline : timelines.open()) {
            Transaction t = timeline.transaction();
            for (Participant p : t.participants()) {
                if (isToBeTold(p)) {
                    waiting.merge(
                            p.resourceManager(),
                            new Waiting(1, t.decidedAt() == null ? t.startedAt() : t.decidedAt()),
                            Waiting::and);
                }
            }
        }
        return waiting;
    }

    private Row row(String id, @Nullable Registration r, @Nullable Waiting waiting) {
        Instant now = time.now();
        boolean live = r != null && registry.isLive(r);
        Votes.Counts counts = votes.of(id);
        List<Count> byKind = List.of(
                new Count("commit", counts.of(Votes.Kind.COMMIT), Tone.GOOD),
                new Count("read only", counts.of(Votes.Kind.READ_ONLY), Tone.GOOD),
                new Count("abort", counts.of(Votes.Kind.ABORT), Tone.BACK),
                new Count("timeout", counts.of(Votes.Kind.TIMEOUT), Tone.WARN),
                new Count("error", counts.of(Votes.Kind.ERROR), Tone.WARN),
                new Count("unreachable", counts.of(Votes.Kind.UNREACHABLE), Tone.WARN));
        return new Row(
                id,
                r != null,
                live,
                r == null ? "not registered" : lease(r, live),
                r == null ? null : r.url(),
                r == null ? null : r.instance().toString(),
                r == null ? List.of() : r.features().stream().sorted().toList(),
                r == null ? null : When.of(r.registeredAt(), now),
                r == null ? null : When.of(r.renewedAt(), now),
                counts.median() == null ? null : Texts.duration(counts.median()),
                counts.slowest() == null ? null : Texts.duration(counts.slowest()),
                counts.latest(),
                byKind,
                byKind.stream().mapToLong(Count::number).sum(),
                waiting == null ? 0 : waiting.number(),
                waiting == null ? null : When.of(waiting.oldest(), now),
                waiting == null ? null : waiting.oldest());
    }

    private String lease(Registration r, boolean live) {
        Duration left = registry.lease().minusNanos(time.nanos() - r.renewedAtNanos());
        return live
                ? "%s of %s left".formatted(Texts.coarse(left), Texts.coarse(registry.lease()))
                : "lapsed %s ago".formatted(Texts.coarse(left.negated()));
    }
}
