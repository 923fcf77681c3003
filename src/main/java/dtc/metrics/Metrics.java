package dtc.metrics;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.protocol.Vote;
import dtc.protocol.VoteCause;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.coordinator.AppliedEvent;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.DeliveryEvent;
import dtc.runtime.coordinator.InFlight;
import dtc.runtime.coordinator.InFlight.Limit;
import dtc.runtime.coordinator.ResourceManagerHealth;
import dtc.runtime.coordinator.TransactionIds;
import dtc.runtime.coordinator.TransactionListener;
import dtc.runtime.coordinator.UndeliveredOutcomes;
import dtc.runtime.coordinator.UnregisteredResourceManagers;
import dtc.runtime.messaging.BatchingParticipantClient;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/** The metrics of the coordinator. */
@Singleton
public class Metrics implements TransactionListener {

    /**
     * Limit of resource managers with their own label value. Further ones share the value "other", which bounds the
     * number of series.
     */
    private static final int RESOURCE_MANAGER_LABELS_MAX = 1000;

    private static final Duration[] BUCKETS = {
        Duration.ofMillis(1),
        Duration.ofMillis(2),
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(25),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofMillis(500),
        Duration.ofMillis(750),
        Duration.ofMillis(900),
        Duration.ofMillis(1000),
        Duration.ofMillis(1100),
        Duration.ofMillis(1500),
        Duration.ofSeconds(5),
        Duration.ofSeconds(30)
    };

    static final String IN_DOUBT_OLDEST =
            "How long the oldest transaction in doubt has been waiting for its outcome or acknowledgement";

    private final MeterRegistry meters;
    private final Exemplars exemplars;
    private final Map<State, AtomicLong> inFlight = new EnumMap<>(State.class);
    private final Map<EndedKey, Counter> ended = new ConcurrentHashMap<>();
    private final Map<VotesKey, Counter> votes = new ConcurrentHashMap<>();
    private final Map<String, String> resourceManagerLabels = new ConcurrentHashMap<>();
    private final Timer prepare;
    private final Timer commitDelivery;
    private final Timer transaction;
    private final Counter retries;

    private record EndedKey(
            TransactionState state, @Nullable Cause cause) {}

    private record VotesKey(String resourceManager, Vote vote, VoteCause cause) {}

    Metrics(
            MeterRegistry meters,
            Exemplars exemplars,
            @ConfigProperty(name = "dtc.coordinator.enabled", defaultValue = "true") boolean coordinates) {
        // A process that is not a coordinator must not report zeros for one: an empty composite exports nothing.
        this.meters = coordinates ? meters : new CompositeMeterRegistry();
        this.exemplars = exemplars;
        this.prepare = timer("dtc.prepare", "From the first request for a vote to the end of phase one");
        this.commitDelivery = timer("dtc.commit.delivery", "From the decision to a participant's acknowledgement");
        this.transaction = timer("dtc.transaction", "From begin to the final state");
        this.retries = Counter.builder("dtc.commit.redeliveries")
                .description("Retries of commits")
                .register(this.meters);
        for (TransactionState state : TransactionState.values()) {
            if (!state.isFinal()) {
                inFlight.computeIfAbsent(state.externalState(), externalState -> {
                    AtomicLong count = new AtomicLong();
                    Gauge.builder("dtc.transactions.in.flight", count, AtomicLong::get)
                            .description("Transactions that have not ended, by state")
                            .tag("state", lowerCase(externalState))
                            .register(this.meters);
                    return count;
                });
            }
        }
        // A series that starts above 0 would hide its first increase from rate().
        for (Cause cause : Cause.values()) {
            ended(outcome(cause), cause);
        }
    }

    /** The outcome that a transaction with this cause has. */
    private static TransactionState outcome(Cause cause) {
        return switch (cause) {
            case VOTED, ONE_PHASE, EMPTY -> TransactionState.COMMITTED;
            case CLIENT,
                    OPERATOR,
                    EXPIRED,
                    SHUTDOWN,
                    WRITE_FAILED,
                    VOTE_ABORT,
                    VOTE_TIMEOUT,
                    VOTE_ERROR,
                    VOTE_UNREACHABLE,
                    INSTANCE_CHANGED,
                    ROLLBACK_ONLY,
                    LOG_REFUSED -> TransactionState.ROLLED_BACK;
            case LOST, CONTRADICTED, GIVEN_UP -> TransactionState.HEURISTIC;
        };
    }

    /** Registers the metrics that are read from other objects. Runs after the recovery, which restores the registry. */
    void observe(
            @Observes @Priority(Interceptor.Priority.LIBRARY_AFTER) StartupEvent event,
            Coordinator coordinator,
            TransactionIds ids,
            BatchingParticipantClient participants,
            Registry registry,
            ResourceManagerHealth health,
            UnregisteredResourceManagers unregistered) {
        Consumer<String> registered = id -> {
            registerVotes(id);
            registerUp(id, registry, health);
        };
        registry.addRegistrationListener(registered);
        registry.all().forEach(registration -> registered.accept(registration.id()));
        observe(coordinator.inFlight());
        gauge(
                        "dtc.log.refusing",
                        "1 if the decision log refuses decisions, for example because its volume is full; otherwise 0",
                        coordinator,
                        c -> c.refusalReason() == null ? 0 : 1)
                .register(meters);
        FunctionCounter.builder("dtc.log.refusals", coordinator, Coordinator::refusedByLog)
                .description("Requests that were refused because the decision log did not accept decisions")
                .register(meters);
        gauge(
                        "dtc.resource.managers.missing",
                        "Resource managers that are not registered although transactions write to them, or whose"
                                + " registration is refused",
                        unregistered,
                        u -> u.all().size())
                .register(meters);
        gauge(
                        "dtc.messages.waiting",
                        "Messages to resource managers that are queued",
                        participants,
                        p -> p.queuedMessageCount())
                .register(meters);
        gauge(
                        "dtc.ids.ahead",
                        "How far the newest transaction id is ahead of the clock. Above 0 after the clock was set back: ids are always"
                                + " increasing, and no decision depends on the clock",
                        ids,
                        i -> i.aheadMillis() / 1e3)
                .baseUnit("seconds")
                .register(meters);
        FunctionCounter.builder("dtc.inquiries.foreign", coordinator, Coordinator::foreignInquiries)
                .description("Inquiries about transactions that the decision log did not issue, answered PENDING")
                .register(meters);
        gauge(
                        "dtc.heuristic.unresolved",
                        "Transactions with a heuristic outcome that no operator has resolved",
                        coordinator,
                        Coordinator::unresolvedCount)
                .register(meters);
        gauge(
                        "dtc.transactions.given.up",
                        "Transactions with a commit that was given up and is neither delivered nor discarded",
                        coordinator.undelivered(),
                        UndeliveredOutcomes::givenUp)
                .register(meters);
        gauge("dtc.in.doubt.oldest", IN_DOUBT_OLDEST, coordinator, c -> seconds(c.oldestInDoubt()))
                .baseUnit("seconds")
                .tag("role", "coordinator")
                .register(meters);
        for (boolean live : new boolean[] {true, false}) {
            gauge("dtc.resource.managers", "Registered resource managers, by lease", registry, r -> count(r, live))
                    .tag("lease", live ? "live" : "lapsed")
                    .register(meters);
        }
    }

    private void observe(InFlight inFlight) {
        gauge(
                        "dtc.transactions.in.flight.max",
                        "The limit of transactions in flight. Above it, new ones are refused",
                        inFlight,
                        f -> f.limits().inFlightMax())
                .register(meters);
        gauge(
                        "dtc.participants.in.flight",
                        "Participants of transactions that have not ended",
                        inFlight,
                        InFlight::participants)
                .register(meters);
        gauge(
                        "dtc.participants.in.flight.max",
                        "The limit of participants in flight. Above it, new transactions and participants are refused",
                        inFlight,
                        f -> f.limits().participantsInFlightMax())
                .register(meters);
        for (Limit limit : Limit.values()) {
            FunctionCounter.builder("dtc.limit.refusals", inFlight, f -> f.refusals(limit))
                    .description(
                            "Requests that were refused because too many transactions or participants are in flight, by limit")
                    .tag("limit", lowerCase(limit))
                    .register(meters);
        }
    }

    private static <T> Gauge.Builder<T> gauge(String name, String description, T object, ToDoubleFunction<T> value) {
        return Gauge.builder(name, object, value).description(description);
    }

    /**
     * Removes the meters. In dev mode and in tests, the global registry outlives the application, and its gauges would
     * refer to objects of the earlier application.
     */
    @PreDestroy
    void removeAll() {
        meters.getMeters().stream()
                .filter(meter -> meter.getId().getName().startsWith("dtc."))
                .forEach(meters::remove);
    }

    private static double count(Registry registry, boolean live) {
        return registry.all().stream().filter(r -> registry.isLive(r) == live).count();
    }

    static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    @Override
    public void applied(AppliedEvent applied) {
        Transaction before = applied.before();
        if (before == null) {
            count(applied.after().state(), 1);
            return;
        }
        if (applied.stateChanged()) {
            count(before.state(), -1);
            count(applied.after().state(), 1);
        }
        for (Participant voter : applied.voters()) {
            voted(voter);
        }
        if (applied.phaseOneEnded()) {
            exemplars.record(prepare, applied.sincePrepare(), applied.after().id());
        }
        if (applied.ended()) {
            exemplars.record(transaction, applied.sinceBegin(), applied.after().id());
            ended(applied.after().state(), applied.after().cause()).increment();
        }
    }

    @Override
    public void delivery(DeliveryEvent event) {
        if (event.outcome() != Outcome.COMMIT) {
            return;
        }
        switch (event) {
            case DeliveryEvent.Acknowledged e -> exemplars.record(commitDelivery, e.sinceDecision(), e.transaction());
            case DeliveryEvent.RetryScheduled _ -> retries.increment();
            case DeliveryEvent.Sent _ -> {}
        }
    }

    private void count(TransactionState state, int change) {
        AtomicLong count = inFlight.get(state.externalState());
        if (count != null) {
            count.addAndGet(change);
        }
    }

    private void voted(Participant participant) {
        Ballot ballot = Objects.requireNonNull(participant.ballot());
        votes(participant.resourceManager(), ballot.vote(), ballot.cause()).increment();
    }

    /** Registers the counters of the votes of a resource manager, which then start at 0. */
    private void registerVotes(String resourceManager) {
        votes(resourceManager, Vote.COMMIT, VoteCause.VOTED);
        votes(resourceManager, Vote.READ_ONLY, VoteCause.VOTED);
        for (VoteCause cause : VoteCause.values()) {
            votes(resourceManager, Vote.ABORT, cause);
        }
    }

    /** Registers the gauge of one resource manager. It has no value while the resource manager is not registered. */
    private void registerUp(String resourceManager, Registry registry, ResourceManagerHealth health) {
        if (!label(resourceManager).equals(resourceManager)) {
            return;
        }
        ToDoubleFunction<Registry> up = all -> {
            Registration registration = all.find(resourceManager);
            return registration == null ? Double.NaN : health.down(registration) == null ? 1 : 0;
        };
        gauge(
                        "dtc.resource.manager.up",
                        "1 if a resource manager has a live lease and answers; 0 if it is down",
                        registry,
                        up)
                .tag("resource_manager", resourceManager)
                .register(meters);
    }

    private Counter votes(String resourceManager, Vote vote, VoteCause cause) {
        return votes.computeIfAbsent(
                new VotesKey(label(resourceManager), vote, cause),
                key -> Counter.builder("dtc.votes")
                        .description(
                                "Votes, by resource manager. With another cause than voted, the vote is missing and counts as abort")
                        .tag("resource_manager", key.resourceManager())
                        .tag("vote", lowerCase(key.vote()))
                        .tag("cause", lowerCase(key.cause()))
                        .register(meters));
    }

    private Counter ended(TransactionState state, @Nullable Cause cause) {
        return ended.computeIfAbsent(
                new EndedKey(state, cause),
                key -> Counter.builder("dtc.transactions")
                        .description("Transactions that have ended, by outcome and cause")
                        .tag("outcome", lowerCase(key.state()))
                        .tag("cause", key.cause() == null ? "none" : lowerCase(key.cause()))
                        .register(meters));
    }

    private static String lowerCase(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private String label(String resourceManager) {
        String known = resourceManagerLabels.get(resourceManager);
        if (known != null) {
            return known;
        }
        if (resourceManagerLabels.size() >= RESOURCE_MANAGER_LABELS_MAX) {
            return "other";
        }
        resourceManagerLabels.put(resourceManager, resourceManager);
        return resourceManager;
    }

    private Timer timer(String name, String description) {
        return Timer.builder(name)
                .description(description)
                .serviceLevelObjectives(BUCKETS)
                .register(meters);
    }
}
