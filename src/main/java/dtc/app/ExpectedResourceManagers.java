package dtc.app;

import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.Time;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jboss.logging.Logger;

/**
 * The resource managers that are expected to register again after a restart. The registry is not durable, so they are
 * taken from the transactions of the decision log. Until they are registered, transactions that write to them would
 * fail, and the coordinator is not ready. It waits for one lease at most, since some may have left for good.
 */
@Singleton
final class ExpectedResourceManagers {

    /** The newest transactions whose resource managers are expected. */
    static final int TRANSACTIONS_MAX = 1000;

    private static final Logger LOG = Logger.getLogger(ExpectedResourceManagers.class);

    private final Registry registry;
    private final Time time;
    /** Guarded by this. */
    private final Set<String> missing = new TreeSet<>();

    private long startNanos;

    ExpectedResourceManagers(Registry registry, Time time) {
        this.registry = registry;
        this.time = time;
    }

    /** @param recovered transactions that were read from the decision log */
    synchronized void expect(List<Transaction> recovered) {
        startNanos = time.nanos();
        for (Transaction t : recovered) {
            for (Participant participant : t.participants()) {
                missing.add(participant.resourceManager());
            }
        }
    }

    /** Whether all are registered, or one lease has passed since the start. */
    synchronized boolean areRegistered() {
        missing.removeIf(id -> {
            Registration registration = registry.find(id);
            return registration != null && registry.isLive(registration);
        });
        if (!missing.isEmpty() && time.nanos() - startNanos >= registry.lease().toNanos()) {
            LOG.warnf(
                    "resource managers that are in the decision log have not registered since the start: %s", missing);
            missing.clear();
        }
        return missing.isEmpty();
    }
}
