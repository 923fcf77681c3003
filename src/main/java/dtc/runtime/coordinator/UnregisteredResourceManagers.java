package dtc.runtime.coordinator;

import dtc.coordinator.CoordinatorEvent;
import dtc.runtime.LogFields;
import dtc.runtime.Registry;
import dtc.runtime.Time;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The resource managers that are not registered although transactions write to them or their registration is refused.
 * Logs each of them once.
 */
public final class UnregisteredResourceManagers implements TransactionListener {

    private static final Logger LOG = Logger.getLogger(UnregisteredResourceManagers.class);

    /** How long a resource manager is reported after the last write or refused registration. */
    static final Duration REPORTED_FOR = Duration.ofMinutes(1);

    /** Further ids are ignored, since callers can choose any id. */
    static final int REPORTED_MAX = 100;

    private final Registry registry;
    private final Time time;
    /** Guarded by this. */
    private final Map<String, Entry> entries = new TreeMap<>();

    /**
     * A resource manager that is not registered.
     *
     * @param refusal why its registration is refused; null if it does not try to register
     */
    public record Unregistered(String id, @Nullable String refusal) {

        public String reason() {
            return refusal == null ? "transactions write to it" : "its registration is refused: " + refusal;
        }
    }

    private record Entry(Unregistered unregistered, long nanos) {}

    public UnregisteredResourceManagers(Registry registry, Time time) {
        this.registry = registry;
        this.time = time;
    }

    /** Reports that a registration was refused. */
    public void refused(String id, String reason) {
        report(new Unregistered(id, reason));
    }

    @Override
    public void applied(AppliedEvent applied) {
        if (applied.event() instanceof CoordinatorEvent.WriteNotSent write
                && registry.find(write.resourceManager()) == null) {
            report(new Unregistered(write.resourceManager(), null));
        }
    }

    private synchronized void report(Unregistered unregistered) {
        removeObsolete();
        Entry before = entries.get(unregistered.id());
        if (before == null && entries.size() >= REPORTED_MAX) {
            return;
        }
        Unregistered after = before != null && unregistered.refusal() == null ? before.unregistered() : unregistered;
        entries.put(unregistered.id(), new Entry(after, time.nanos()));
        if (before == null || !before.unregistered().equals(after)) {
            LogFields.log(
                    null,
                    after.id(),
                    () -> LOG.warnf("resource manager %s is not registered: %s", after.id(), after.reason()));
        }
    }

    /** Returns the resource managers in the order of their ids. */
    public synchronized List<Unregistered> all() {
        removeObsolete();
        return entries.values().stream().map(Entry::unregistered).toList();
    }

    private void removeObsolete() {
        long now = time.nanos();
        entries.values()
                .removeIf(entry -> now - entry.nanos() > REPORTED_FOR.toNanos()
                        || registry.find(entry.unregistered().id()) != null);
    }
}
