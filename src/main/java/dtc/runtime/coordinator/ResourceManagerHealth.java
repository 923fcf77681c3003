package dtc.runtime.coordinator;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Participant;
import dtc.protocol.Ballot;
import dtc.protocol.VoteCause;
import dtc.runtime.LogFields;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Detects resource managers that are down: the lease has lapsed, or several messages of one kind failed in a row. Logs
 * each change once. The kinds are counted separately, since a resource manager may acknowledge rollbacks but not vote.
 */
public final class ResourceManagerHealth implements TransactionListener {

    private static final Logger LOG = Logger.getLogger(ResourceManagerHealth.class);

    /** The number of consecutive failures after which a resource manager counts as down. */
    static final int FAILURES_MIN = 3;

    static final Duration CHECK_INTERVAL = Duration.ofSeconds(1);

    /** A slow resource manager acknowledges some outcomes but not others. It is logged as up only after this time. */
    static final Duration UP_AFTER = Duration.ofSeconds(10);

    /** Maximum number of reasons that are counted in a streak of failures. */
    private static final int REASONS_MAX = 5;

    private final Registry registry;
    private final Time time;
    private final Map<String, Failures> failures = new ConcurrentHashMap<>();
    /** When each resource manager that was logged as down was down last. Used by the timer only. */
    private final Map<String, Long> loggedDownNanos = new HashMap<>();

    /** The status of a resource manager that counts as down. */
    public enum Status {
        DOWN("is down"),
        /** It votes, but does not acknowledge outcomes. */
        NOT_ACKNOWLEDGING("does not acknowledge outcomes");

        private final String text;

        Status(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /**
     * Why a resource manager is down or failing, and since when.
     *
     * @param effect the effect of that on transactions
     * @param lastError of the newest message that failed; null if none did
     */
    public record Down(
            Status status,
            String reason,
            String effect,
            Instant since,
            @Nullable String lastError,
            @Nullable Instant lastErrorAt) {}

    private enum Kind {
        WRITE("write", "writes", Status.DOWN, "transactions that write to it roll back"),
        VOTE("vote request", "vote requests", Status.DOWN, "transactions that write to it roll back"),
        OUTCOME(
                "delivery of an outcome",
                "deliveries of outcomes",
                Status.NOT_ACKNOWLEDGING,
                "commits are sent until it acknowledges them");

        private final String singular;
        private final String plural;
        private final Status status;
        private final String effect;

        Kind(String singular, String plural, Status status, String effect) {
            this.singular = singular;
            this.plural = plural;
            this.status = status;
            this.effect = effect;
        }
    }

    /** The consecutive failures of one kind. */
    private static final class Streak {
        private final long startNanos;
        private int count;
        /** The number of failures with each reason, the newest reason last. */
        private final Map<String, Integer> reasons = new LinkedHashMap<>();

        private long lastNanos;
        /** Whether a message succeeded after the last failure. */
        private boolean interrupted;
        /** Whether any message succeeded between the failures. */
        private boolean mixed;

        private Streak(long nowNanos) {
            this.startNanos = nowNanos;
        }

        private void add(String reason, long nowNanos) {
            count++;
            Integer same = reasons.remove(reason);
            if (reasons.size() >= REASONS_MAX) {
                String oldest = reasons.keySet().iterator().next();
                reasons.remove(oldest);
            }
            reasons.put(reason, same == null ? 1 : same + 1);
            lastNanos = nowNanos;
            interrupted = false;
        }

        private String lastError() {
            return List.copyOf(reasons.keySet()).getLast();
        }

        /** The reason that all failures have, or the number of failures with each reason. */
        private String describe() {
            if (reasons.size() == 1 && reasons.containsValue(count)) {
                return lastError();
            }
            int others = count
                    - reasons.values().stream().mapToInt(Integer::intValue).sum();
            String counted = reasons.entrySet().stream()
                    .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
                    .map(e -> e.getKey() + " (" + e.getValue() + ")")
                    .collect(Collectors.joining(", "));
            return others == 0 ? counted : counted + ", other reasons (" + others + ")";
        }

        private boolean isOver(long nowNanos) {
            return interrupted && nowNanos - lastNanos >= UP_AFTER.toNanos();
        }
    }

    private static final class Failures {
        /** Guarded by this. */
        private final Map<Kind, Streak> streaks = new EnumMap<>(Kind.class);

        private synchronized void add(Kind kind, String reason, long nowNanos) {
            streaks.computeIfPresent(kind, (_, streak) -> streak.isOver(nowNanos) ? null : streak);
            streaks.computeIfAbsent(kind, _ -> new Streak(nowNanos)).add(reason, nowNanos);
        }

        /**
         * A resource manager that commits slowly acknowledges some outcomes in time. Such an acknowledgement does not
         * end a streak of failures at once.
         */
        private synchronized void succeeded(Kind kind) {
            streaks.computeIfPresent(kind, (_, streak) -> {
                streak.interrupted = true;
                streak.mixed = true;
                return kind == Kind.OUTCOME && streak.count >= FAILURES_MIN ? streak : null;
            });
        }

        /** Returns the first streak of at least this length. */
        private synchronized @Nullable Down down(int countMin, Instant now, long nowNanos) {
            for (Map.Entry<Kind, Streak> entry : streaks.entrySet()) {
                Streak streak = entry.getValue();
                if (streak.count >= countMin && !streak.isOver(nowNanos)) {
                    Streak newest = streaks.values().stream()
                            .max(Comparator.comparingLong(s -> s.lastNanos))
                            .orElse(streak);
                    Kind kind = entry.getKey();
                    String messages = streak.count == 1
                            ? kind.singular
                            : String.format(Locale.ROOT, "%d %s", streak.count, kind.plural);
                    return new Down(
                            kind.status,
                            "%s%s failed: %s".formatted(streak.mixed ? "" : "the last ", messages, streak.describe()),
                            kind.effect,
                            now.minusNanos(nowNanos - streak.startNanos),
                            newest.lastError(),
                            now.minusNanos(nowNanos - newest.lastNanos));
                }
            }
            return null;
        }
    }

    public ResourceManagerHealth(Registry registry, Time time) {
        this.registry = registry;
        this.time = time;
        registry.addRegistrationListener(failures::remove);
    }

    /** Starts to log changes. */
    public void start() {
        time.after(CHECK_INTERVAL, () -> {
            start();
            check();
        });
    }

    /** Returns why a registered resource manager is down; null if it is not. */
    public @Nullable Down down(Registration registration) {
        if (!registry.isLive(registration)) {
            Duration sinceRenewal = Duration.ofNanos(time.nanos() - registration.renewedAtNanos());
            Down failing = failing(registration);
            return new Down(
                    Status.DOWN,
                    "its lease has lapsed" + (failing == null ? "" : ", and " + failing.reason()),
                    "writes to it are refused, and their transactions roll back",
                    time.now().minus(sinceRenewal).plus(registry.lease()),
                    failing == null ? null : failing.lastError(),
                    failing == null ? null : failing.lastErrorAt());
        }
        return failing(registration, FAILURES_MIN);
    }

    /**
     * Returns why the last message of one kind to a registered resource manager failed; null if none did. Fewer than
     * {@link #FAILURES_MIN} failures do not count as down.
     */
    public @Nullable Down failing(Registration registration) {
        return failing(registration, 1);
    }

    private @Nullable Down failing(Registration registration, int countMin) {
        Failures failed = failures.get(registration.id());
        return failed == null ? null : failed.down(countMin, time.now(), time.nanos());
    }

    @Override
    public void applied(AppliedEvent applied) {
        for (Participant voter : applied.voters()) {
            Ballot ballot = Objects.requireNonNull(voter.ballot());
            if (ballot.cause() == VoteCause.VOTED) {
                succeeded(voter.resourceManager(), Kind.VOTE);
            } else {
                failed(voter.resourceManager(), Kind.VOTE, String.valueOf(ballot.reason()));
            }
        }
        switch (applied.event()) {
            case CoordinatorEvent.WriteStaged e -> succeeded(e.resourceManager(), Kind.WRITE);
            case CoordinatorEvent.WriteFailed e -> failed(e.resourceManager(), Kind.WRITE, e.reason());
            case CoordinatorEvent.Unanswered e -> failed(e.resourceManager(), Kind.OUTCOME, e.reason());
            case CoordinatorEvent.Acknowledged e -> succeeded(e.resourceManager(), Kind.OUTCOME);
            case CoordinatorEvent.OnePhaseCommitted e -> succeeded(e.resourceManager(), Kind.OUTCOME);
            case CoordinatorEvent.Lost e -> succeeded(e.resourceManager(), Kind.OUTCOME);
            case CoordinatorEvent.Contradicted e -> succeeded(e.resourceManager(), Kind.OUTCOME);
            case null, default -> {}
        }
    }

    private void succeeded(String resourceManager, Kind kind) {
        Failures failed = failures.get(resourceManager);
        if (failed != null) {
            failed.succeeded(kind);
        }
    }

    private void failed(String resourceManager, Kind kind, String reason) {
        if (registry.find(resourceManager) != null) {
            failures.computeIfAbsent(resourceManager, _ -> new Failures()).add(kind, reason, time.nanos());
        }
    }

    /** Logs the changes since the last call. */
    void check() {
        failures.keySet().removeIf(id -> registry.find(id) == null);
        loggedDownNanos.keySet().removeIf(id -> registry.find(id) == null);
        for (Registration registration : registry.all()) {
            Down down = down(registration);
            Long lastDownNanos = loggedDownNanos.get(registration.id());
            if (down != null) {
                loggedDownNanos.put(registration.id(), time.nanos());
                if (lastDownNanos == null) {
                    LogFields.log(
                            null,
                            registration.id(),
                            () -> LOG.warnf(
                                    "resource manager %s at %s %s: %s; %s",
                                    registration.id(),
                                    registration.url(),
                                    down.status(),
                                    down.reason(),
                                    down.effect()));
                }
            } else if (lastDownNanos != null && time.nanos() - lastDownNanos >= UP_AFTER.toNanos()) {
                loggedDownNanos.remove(registration.id());
                LogFields.log(
                        null,
                        registration.id(),
                        () -> LOG.infof(
                                "resource manager %s at %s is up again", registration.id(), registration.url()));
            }
        }
    }
}
