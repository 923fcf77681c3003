package dtc.metrics;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Ballot;
import dtc.protocol.Cause;
import dtc.protocol.Outcome;
import dtc.protocol.State;
import dtc.runtime.Registry;
import dtc.runtime.coordinator.AppliedEvent;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.DeliveryEvent;
import dtc.runtime.coordinator.TransactionIds;
import dtc.runtime.coordinator.TransactionListener;
import dtc.runtime.coordinator.UndeliveredOutcomes;
import dtc.runtime.messaging.BatchingParticipantClient;
import dtc.runtime.participant.HostedParticipant;
import dtc.runtime.participant.HostedResourceManagers;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Records metrics, and logs one line for each transaction that fails. */
@Singleton
public class Metrics implements TransactionListener {

    private static final Logger LOG = Logger.getLogger("dtc.transactions");

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

    private final MeterRegistry meters;
    private final Map<State, AtomicLong> inFlight = new EnumMap<>(State.class);
    private final Map<String, Counter> counters = new ConcurrentHashMap<>();
    private final Map<String, String> resourceManagerLabels = new ConcurrentHashMap<>();
    private final Timer prepare;
    private final Timer commitDelivery;
    private final Timer transaction;
    private final Counter retries;

    Metrics(MeterRegistry meters) {
        this.meters = meters;
        this.prepare = timer("dtc.prepare", "From the first request for a vote to the end of phase one");
        this.commitDelivery = timer("dtc.commit.delivery", "From the decision to a participant's acknowledgement");
        this.transaction = timer("dtc.transaction", "From begin to the final state");
        this.retries = Counter.builder("dtc.commit.redeliveries")
                .description("Retries of commits")
                .register(meters);
        for (TransactionState state : TransactionState.values()) {
            if (!state.isFinal()) {
                inFlight.computeIfAbsent(state.externalState(), externalState -> {
                    AtomicLong count = new AtomicLong();
                    Gauge.builder("dtc.transactions.in.flight", count, AtomicLong::get)
                            .tag("state", externalState.name().toLowerCase(Locale.ROOT))
                            .register(meters);
                    return count;
                });
            }
        }
        for (String outcome : new String[] {"committed", "rolled_back", "heuristic"}) {
            counter("dtc.transactions", "outcome", outcome, "cause", cause(null));
        }
    }

    /** Registers the gauges of other objects. */
    void observe(
            @Observes StartupEvent event,
            Coordinator coordinator,
            TransactionIds ids,
            BatchingParticipantClient participants,
            Registry registry,
            HostedResourceManagers hosted) {
        Gauge.builder("dtc.messages.waiting", participants, BatchingParticipantClient::queued)
                .register(meters);
        Gauge.builder("dtc.ids.ahead", ids, i -> i.aheadMillis() / 1e3)
                .description("How far the newest transaction id is ahead of the clock, which was probably set back")
                .baseUnit("seconds")
                .register(meters);
        FunctionCounter.builder("dtc.inquiries.foreign", coordinator, Coordinator::foreignInquiries)
                .description("Inquiries about transactions that the decision log did not issue, answered PENDING")
                .register(meters);
        Gauge.builder("dtc.transactions.given.up", coordinator.undelivered(), UndeliveredOutcomes::givenUp)
                .description("Transactions with a commit that was given up and is neither delivered nor discarded")
                .register(meters);
        Gauge.builder("dtc.in.doubt.oldest", coordinator, c -> seconds(c.oldestInDoubt()))
                .baseUnit("seconds")
                .tag("role", "coordinator")
                .register(meters);
        Gauge.builder(
                        "dtc.in.doubt.oldest",
                        hosted,
                        h -> h.all().stream()
                                .mapToDouble(one ->
                                        seconds(one.participant().statistics().oldestInDoubt()))
                                .max()
                                .orElse(0))
                .baseUnit("seconds")
                .tag("role", "resource_manager")
                .register(meters);
        Gauge.builder("dtc.resource.managers", registry, r -> live(r, true))
                .tag("lease", "live")
                .register(meters);
        Gauge.builder("dtc.resource.managers", registry, r -> live(r, false))
                .tag("lease", "lapsed")
                .register(meters);
        for (HostedResourceManagers.Hosted one : hosted.all()) {
            HostedParticipant participant = one.participant();
            String id = participant.id();
            Gauge.builder(
                            "dtc.rm.staged.transactions",
                            participant,
                            p -> p.statistics().stagedTransactions())
                    .tag("resource_manager", id)
                    .register(meters);
            Gauge.builder("dtc.rm.locked.keys", participant, p -> p.statistics().lockedKeys())
                    .tag("resource_manager", id)
                    .register(meters);
            FunctionCounter.builder(
                            "dtc.rm.outcomes.evicted.early",
                            participant,
                            p -> p.statistics().evictedEarly())
                    .description("Outcomes that were not kept for dtc.rm.ended-retention, because there were too many")
                    .tag("resource_manager", id)
                    .register(meters);
            Gauge.builder("dtc.rm.outcomes", participant, p -> p.statistics().rememberedOutcomes())
                    .description("Outcomes of ended transactions that are kept to answer late messages")
                    .tag("resource_manager", id)
                    .register(meters);
            FunctionCounter.builder(
                            "dtc.rm.lock.conflicts",
                            participant,
                            p -> p.statistics().lockConflicts())
                    .tag("resource_manager", id)
                    .register(meters);
        }
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

    private static double live(Registry registry, boolean live) {
        return registry.all().stream().filter(r -> registry.isLive(r) == live).count();
    }

    private static double seconds(Duration duration) {
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
        applied.voters().forEach(this::voted);
        if (applied.phaseOneEnded()) {
            prepare.record(applied.sincePrepare());
        }
        if (applied.ended()) {
            ended(applied.after(), applied.sinceBegin());
        }
    }

    @Override
    public void delivery(DeliveryEvent event) {
        if (event.outcome() != Outcome.COMMIT) {
            return;
        }
        switch (event) {
            case DeliveryEvent.Acknowledged e -> commitDelivery.record(e.sinceDecision());
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
        counter(
                        "dtc.votes",
                        "resource_manager",
                        label(participant.resourceManager()),
                        "vote",
                        ballot.vote().name().toLowerCase(Locale.ROOT),
                        "cause",
                        ballot.cause().name().toLowerCase(Locale.ROOT))
                .increment();
    }

    private void ended(Transaction ended, Duration elapsed) {
        transaction.record(elapsed);
        counter(
                        "dtc.transactions",
                        "outcome",
                        ended.state().name().toLowerCase(Locale.ROOT),
                        "cause",
                        cause(ended.cause()))
                .increment();
        boolean failed = ended.state() == TransactionState.HEURISTIC
                || (ended.state() == TransactionState.ROLLED_BACK && ended.cause() != Cause.CLIENT);
        if (failed) {
            LOG.logf(
                    ended.state() == TransactionState.HEURISTIC ? Logger.Level.ERROR : Logger.Level.WARN,
                    "transaction=%s outcome=%s cause=%s reason=\"%s\" participants=[%s]",
                    ended.id(),
                    ended.state(),
                    ended.cause(),
                    quoted(ended.reason()),
                    ended.participants().stream()
                            .map(p -> p.resourceManager() + ":" + p.state())
                            .collect(Collectors.joining(" ")));
        }
    }

    /** Escapes quotes, because a reason may contain untrusted text that looks like another field. */
    private static @Nullable String quoted(@Nullable String reason) {
        return reason == null
                ? null
                : Ballot.withoutKey(reason).replace("\\", "\\\\").replace("\"", "\\\"");
    }

    private static String cause(@Nullable Cause cause) {
        return cause == null ? "none" : cause.name().toLowerCase(Locale.ROOT);
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

    private Counter counter(String name, String... tags) {
        return counters.computeIfAbsent(name + String.join(",", tags), _ -> meters.counter(name, tags));
    }

    private Timer timer(String name, String description) {
        return Timer.builder(name)
                .description(description)
                .serviceLevelObjectives(BUCKETS)
                .register(meters);
    }
}
