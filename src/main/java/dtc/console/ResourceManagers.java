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
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
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
     * @param left transactions that are left to it to decide
     * @param waitingSince the oldest of the decisions that wait; null where none does
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
            long left,
            @Nullable When waitingSince,
            @Nullable Instant oldest) {

        public String link() {
            return Links.resourceManager(id);
        }

        public String transactionsLink() {
            return Links.transactionsOf(id);
        }

        /** Registered, waited for, or heard of since the start; any other may be gone, or may never have been. */
        boolean isKnown() {
            return registered || owed() > 0 || votesTotal > 0;
        }

        /** Transactions that wait for it, decided or not. */
        public long owed() {
            return waiting + left;
        }

        public Chip chip() {
            return live
                    ? new Chip("live", Tone.GOOD)
                    : new Chip(registered ? "lapsed" : "not registered", owed() > 0 ? Tone.BAD : Tone.WARN);
        }

        /** What could change anything now. Nothing can be sent to one that is not registered. */
        public List<Action> actions() {
            List<Action> actions = new ArrayList<>();
            if (registered && owed() > 0) {
                actions.add(Action.DELIVER);
            }
            if (registered && !live) {
                actions.add(Action.REMOVE);
            }
            if (!live && owed() > 0) {
                actions.add(Action.GIVE_UP);
            }
            return actions;
        }
    }

    /** Votes of one kind: as the resource manager cast them, or by why the coordinator cast them in its stead. */
    public record Count(String kind, long number, Tone tone) {

        public String title() {
            return kind.substring(0, 1).toUpperCase(Locale.ROOT) + kind.substring(1);
        }

        public String count() {
            return Texts.count(number);
        }
    }

    /** What waits for one resource manager: decisions, the oldest of them, and what is left to it to decide. */
    private record Waiting(long number, long left, Instant oldest) {
        private static final Waiting NOTHING = new Waiting(0, 0, Instant.MAX);

        private static Waiting decision(Instant since) {
            return new Waiting(1, 0, since);
        }

        private static Waiting leftToIt() {
            return new Waiting(0, 1, Instant.MAX);
        }

        private Waiting and(Waiting other) {
            return new Waiting(
                    number + other.number, left + other.left, oldest.isBefore(other.oldest) ? oldest : other.oldest);
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
                .map(id -> row(id, registry.find(id), waiting.getOrDefault(id, Waiting.NOTHING)))
                .sorted(Comparator.comparingLong(Row::owed)
                        .reversed()
                        .thenComparing(Row::live)
                        .thenComparing(Row::id))
                .toList();
    }

    /** Null where it is not known. */
    @Nullable
    Row find(String id) {
        Row row = get(id);
        return row.isKnown() ? row : null;
    }

    /** As it stands, or stood: {@code id} may be of one that is gone. */
    Row get(String id) {
        return row(id, registry.find(id), waiting().getOrDefault(id, Waiting.NOTHING));
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

    /** How many transactions are in such a state, and have written to it. */
    long count(String id, Predicate<TransactionState> state) {
        return timelines.open().stream()
                .map(Timeline::transaction)
                .filter(t -> state.test(t.state()) && t.participant(id) != null)
                .count();
    }

    /** Whether it is to be told an outcome, or to say which it is. */
    static boolean isWaitedFor(Transaction t, Participant participant) {
        return isToBeTold(participant) || t.state().isDelegated();
    }

    static boolean isToBeTold(Participant participant) {
        return participant.state() == State.COMMITTING || participant.state() == State.ROLLING_BACK;
    }

    private Map<String, Waiting> waiting() {
        Map<String, Waiting> waiting = new HashMap<>();
        for (Timeline timeline : timelines.open()) {
            Transaction t = timeline.transaction();
            for (Participant p : t.participants()) {
                if (isWaitedFor(t, p)) {
                    waiting.merge(
                            p.resourceManager(),
                            isToBeTold(p)
                                    ? Waiting.decision(t.decidedAt() == null ? t.startedAt() : t.decidedAt())
                                    : Waiting.leftToIt(),
                            Waiting::and);
                }
            }
        }
        return waiting;
    }

    private Row row(String id, @Nullable Registration r, Waiting waiting) {
        Instant now = time.now();
        Instant oldest = waiting.number() == 0 ? null : waiting.oldest();
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
                waiting.number(),
                waiting.left(),
                When.ofNullable(oldest, now),
                oldest);
    }

    private String lease(Registration r, boolean live) {
        Duration left = registry.lease().minusNanos(time.nanos() - r.renewedAtNanos());
        return live
                ? "%s of %s left".formatted(Texts.coarse(left), Texts.coarse(registry.lease()))
                : "lapsed %s ago".formatted(Texts.coarse(left.negated()));
    }
}
