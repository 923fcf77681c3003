package dtc.console;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.Time;
import dtc.runtime.coordinator.ResourceManagerHealth;
import dtc.runtime.coordinator.ResourceManagerHealth.Down;
import dtc.runtime.coordinator.ResourceManagerHealth.Status;
import dtc.runtime.coordinator.UnregisteredResourceManagers;
import dtc.runtime.coordinator.UnregisteredResourceManagers.Unregistered;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The resource managers that are registered, or to which outcomes are undelivered. */
@Singleton
record ResourceManagers(
        Registry registry,
        ResourceManagerHealth health,
        UnregisteredResourceManagers unregistered,
        VoteStatistics votes,
        Timelines timelines,
        ConsoleSettings settings,
        Time time) {

    /** Limit of waiting transactions that are listed. */
    private static final int WAITING_SHOWN_MAX = 50;

    /**
     * The transactions that wait for one resource manager.
     *
     * @param undelivered outcomes that it has not acknowledged
     * @param recovered how many of these were recovered from the log, and may have been delivered before the restart
     * @param delegated transactions whose outcome it decides, and has not reported
     * @param oldest since when the oldest has been waiting; null if there is none
     * @param lastError the reply to the newest failed delivery for the oldest
     */
    public record Waiting(
            long undelivered,
            long recovered,
            long delegated,
            @Nullable Instant oldest,
            @Nullable String lastError) {

        private static final Waiting NONE = new Waiting(0, 0, 0, null, null);

        private Waiting plus(Timeline timeline, Participant participant, Instant since) {
            boolean isUndelivered = Format.undelivered(participant);
            boolean isOldest = oldest == null || since.isBefore(oldest);
            return new Waiting(
                    undelivered + (isUndelivered ? 1 : 0),
                    recovered + (isUndelivered && timeline.isRecovered() ? 1 : 0),
                    delegated + (isUndelivered ? 0 : 1),
                    isOldest ? since : oldest,
                    isOldest ? participant.reason() : lastError);
        }

        public long total() {
            return undelivered + delegated;
        }
    }

    /**
     * One resource manager.
     *
     * @param registration null if it is not registered; it may still have undelivered outcomes
     * @param leaseLeft negative if the lease has lapsed
     * @param failure why it is down or failing
     * @param overdue whether the oldest transaction has been waiting for it for too long
     * @param missing set if transactions write to it, or its registration is refused, and it is not registered
     */
    public record Row(
            String id,
            @Nullable Registration registration,
            Chip chip,
            Duration leaseLeft,
            @Nullable Down failure,
            boolean down,
            Waiting waiting,
            boolean overdue,
            VoteStatistics.Counts votes,
            @Nullable Unregistered missing) {

        /** Whether it is registered, has undelivered outcomes, or has voted since the start. */
        boolean isKnown() {
            return registration != null || missing != null || waiting.total() > 0 || votes.total() > 0;
        }

        boolean isUp() {
            return registration != null && !down;
        }

        public boolean needsAction() {
            return failure != null || overdue;
        }

        public @Nullable String refusal() {
            return missing == null ? null : missing.refusal();
        }

        /** Empty if no message to it failed. */
        public String lastError() {
            String failed = failure == null ? null : failure.lastError();
            return Objects.requireNonNullElse(failed != null ? failed : waiting.lastError(), "");
        }

        /** The actions that have an effect now. Nothing can be sent to a resource manager that is not registered. */
        public List<Action> actions() {
            boolean lapsed = leaseLeft.isNegative();
            List<Action> actions = new ArrayList<>();
            if (registration != null && waiting.total() > 0) {
                actions.add(Action.RETRY);
            }
            if (lapsed) {
                actions.add(Action.REMOVE);
            }
            if ((lapsed || registration == null) && waiting.total() > 0) {
                actions.add(Action.GIVE_UP);
            }
            return actions;
        }
    }

    /** The page of one resource manager, with the oldest transactions that wait for it. */
    public record Model(Row row, List<Transaction> waiting, long active, List<Audit.Entry> audit) {}

    /** Those first that need action, then by the number of transactions that wait for them, then by name. */
    List<Row> all() {
        Map<String, Waiting> waiting = waiting();
        Map<String, Unregistered> missing = missing();
        Set<String> ids = new TreeSet<>(waiting.keySet());
        registry.all().forEach(r -> ids.add(r.id()));
        ids.addAll(missing.keySet());
        return ids.stream()
                .map(id -> row(id, waiting, missing))
                .sorted(Comparator.comparing((Row row) -> row.needsAction() || row.missing() != null)
                        .thenComparingLong(row -> row.waiting().total())
                        .reversed()
                        .thenComparing(Row::id))
                .toList();
    }

    Row get(String id) {
        return row(id, waiting(), missing());
    }

    Model model(String id, Audit audit) {
        List<Audit.Entry> entries = audit.of(Audit.link("resource-managers", id));
        return new Model(get(id), waitingFor(id, WAITING_SHOWN_MAX), active(id), entries);
    }

    /** The transactions that wait for it, oldest first. */
    List<Transaction> waitingFor(String id, int limit) {
        return timelines.open().stream()
                .map(Timeline::transaction)
                .filter(t -> {
                    Participant participant = t.participant(id);
                    return participant != null && Format.isWaitedFor(participant, t);
                })
                .sorted(Comparator.comparing(Transaction::id))
                .limit(limit)
                .toList();
    }

    private long active(String id) {
        return timelines.open().stream()
                .map(Timeline::transaction)
                .filter(t -> t.state() == TransactionState.ACTIVE || t.state() == TransactionState.MARKED_ROLLBACK)
                .filter(t -> t.participant(id) != null)
                .count();
    }

    private Map<String, Waiting> waiting() {
        Instant now = time.now();
        long nanos = time.nanos();
        Map<String, Waiting> waiting = new HashMap<>();
        for (Timeline timeline : timelines.open()) {
            Transaction t = timeline.transaction();
            for (Participant p : t.participants()) {
                if (Format.isWaitedFor(p, t)) {
                    waiting.compute(
                            p.resourceManager(),
                            (_, before) -> (before == null ? Waiting.NONE : before)
                                    .plus(timeline, p, timeline.waitingSince(now, nanos)));
                }
            }
        }
        return waiting;
    }

    private Map<String, Unregistered> missing() {
        return unregistered.all().stream().collect(Collectors.toMap(Unregistered::id, Function.identity()));
    }

    private Row row(String id, Map<String, Waiting> allWaiting, Map<String, Unregistered> allMissing) {
        Waiting waiting = allWaiting.getOrDefault(id, Waiting.NONE);
        Registration r = registry.find(id);
        Down down = r == null ? null : health.down(r);
        Down failure = r == null || down != null ? down : health.failing(r);
        boolean overdue = waiting.oldest() != null && settings.isOverdue(waiting.oldest(), time.now());
        Unregistered missing = allMissing.get(id);
        Chip chip;
        if (r == null) {
            chip = new Chip("not registered", overdue || missing != null ? Tone.BAD : Tone.WARN);
        } else if (down != null) {
            String status = down.status() == Status.DOWN ? "down" : "not acknowledging";
            chip = new Chip(registry.isLive(r) ? status : "lapsed", Tone.BAD);
        } else if (overdue) {
            chip = new Chip("not acknowledging", Tone.WARN);
        } else {
            chip = failure != null ? new Chip("failing", Tone.WARN) : new Chip("live", Tone.GOOD);
        }
        Duration left = r == null ? Duration.ZERO : registry.lease().minusNanos(time.nanos() - r.renewedAtNanos());
        return new Row(id, r, chip, left, failure, down != null, waiting, overdue, votes.of(id), missing);
    }
}
