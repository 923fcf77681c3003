package dtc.metrics;

import dtc.runtime.participant.HostedParticipant;
import dtc.runtime.participant.HostedResourceManagers;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.function.ToDoubleFunction;

/** The metrics of the resource managers that this process hosts. */
@Singleton
class ResourceManagerMetrics {

    private static final String RESOURCE_MANAGER = "resource_manager";

    private final MeterRegistry meters;

    ResourceManagerMetrics(MeterRegistry meters) {
        this.meters = meters;
    }

    void observe(@Observes StartupEvent event, HostedResourceManagers hosted) {
        if (hosted.all().isEmpty()) {
            return;
        }
        Gauge.builder("dtc.in.doubt.oldest", hosted, ResourceManagerMetrics::oldestInDoubt)
                .description(Metrics.IN_DOUBT_OLDEST)
                .baseUnit("seconds")
                .tag("role", RESOURCE_MANAGER)
                .register(meters);
        hosted.all().forEach(one -> observe(one.participant()));
    }

    private static double oldestInDoubt(HostedResourceManagers hosted) {
        return hosted.all().stream()
                .mapToDouble(
                        one -> Metrics.seconds(one.participant().statistics().oldestInDoubt()))
                .max()
                .orElse(0);
    }

    private void observe(HostedParticipant participant) {
        gauge(
                "dtc.rm.staged.transactions",
                "Transactions with staged writes",
                participant,
                p -> p.statistics().stagedTransactions());
        gauge(
                "dtc.rm.locked.keys",
                "Keys that are locked by transactions that voted COMMIT",
                participant,
                p -> p.statistics().lockedKeys());
        gauge(
                "dtc.rm.outcomes",
                "Outcomes of ended transactions that are kept to answer late messages",
                participant,
                p -> p.statistics().rememberedOutcomes());
        counter(
                "dtc.rm.outcomes.evicted.early",
                "Outcomes that were not kept for dtc.rm.ended-retention, because there were too many",
                participant,
                p -> p.statistics().evictedEarly());
        counter(
                "dtc.rm.lock.conflicts",
                "Transactions that needed a key locked by another one, or for which an older one waits",
                participant,
                p -> p.statistics().lockConflicts());
    }

    private void gauge(
            String name, String description, HostedParticipant participant, ToDoubleFunction<HostedParticipant> value) {
        Gauge.builder(name, participant, value)
                .description(description)
                .tag(RESOURCE_MANAGER, participant.id())
                .register(meters);
    }

    private void counter(
            String name, String description, HostedParticipant participant, ToDoubleFunction<HostedParticipant> value) {
        FunctionCounter.builder(name, participant, value)
                .description(description)
                .tag(RESOURCE_MANAGER, participant.id())
                .register(meters);
    }
}
