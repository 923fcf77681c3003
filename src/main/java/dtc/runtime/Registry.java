package dtc.runtime;

import dtc.protocol.Refusal;
import dtc.protocol.Refusal.Kind;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The registered resource managers. Each holds a lease on its id and renews it. */
public final class Registry {

    /** Limit of earlier instances kept per id. Assumes that no message is delayed across this many restarts. */
    private static final int SUPERSEDED_MAX = 8;

    private final Time time;
    private final Duration lease;
    private final int resourceManagersMax;
    private final Predicate<String> urlAllowed;
    private final Map<String, Registration> registrations = new ConcurrentSkipListMap<>();
    private final List<Consumer<String>> arrivalListeners = new CopyOnWriteArrayList<>();

    /** The result of a registration. */
    public record Registered(Registration registration, boolean isNew) {}

    /** @param urlAllowed whether the coordinator may call the URL, which is well-formed */
    public Registry(Time time, Duration lease, int resourceManagersMax, Predicate<String> urlAllowed) {
        this.time = time;
        this.lease = lease;
        this.resourceManagersMax = resourceManagersMax;
        this.urlAllowed = urlAllowed;
    }

    /**
     * Adds a listener for new registrations. It is called with the id of each resource manager that registers for the
     * first time, after its lease has lapsed, or with another URL or instance.
     */
    public void onArrival(Consumer<String> listener) {
        arrivalListeners.add(listener);
    }

    /** Registers a resource manager, or renews its lease. {@code url} must be well-formed. */
    public Answer<Registered> register(String id, String url, UUID instance, Set<String> features) {
        Registration known = registrations.get(id);
        boolean isKnownUrl = known != null && known.url().equals(url); // checked at its first registration
        if (!isKnownUrl && !urlAllowed.test(url)) {
            return refuse(Kind.HOST_NOT_ALLOWED, "the host of this URL is not allowed to register", id);
        }
        Registration before;
        Registration after;
        boolean changed;
        synchronized (this) {
            before = registrations.get(id);
            boolean wasLive = before != null && isLive(before);
            if (before != null && wasLive && !before.url().equals(url)) {
                return refuse(Kind.NAME_TAKEN, "another URL holds a live lease on this id", id);
            }
            if (before == null && registrations.size() >= resourceManagersMax && !removeLongestLapsed()) {
                return refuse(Kind.OVERLOADED, "no more than %d resource managers".formatted(resourceManagersMax), id);
            }
            if (before != null && wasLive && before.superseded().contains(instance)) {
                return refuse(Kind.NAME_TAKEN, "this instance was succeeded by another", id);
            }
            changed = before == null
                    || !wasLive
                    || !before.url().equals(url)
                    || !before.instance().equals(instance);
            after = new Registration(
                    id,
                    url,
                    instance,
                    superseded(before, instance),
                    Collections.unmodifiableSet(new TreeSet<>(features)),
                    changed || before == null ? time.now() : before.registeredAt(),
                    time.now(),
                    time.nanos());
            registrations.put(id, after);
        }
        if (changed) {
            arrivalListeners.forEach(listener -> listener.accept(id));
        }
        return Answer.of(new Registered(after, before == null));
    }

    private static List<UUID> superseded(@Nullable Registration before, UUID instance) {
        if (before == null || before.instance().equals(instance)) {
            return before == null ? List.of() : before.superseded();
        }
        return Stream.concat(Stream.of(before.instance()), before.superseded().stream())
                .filter(earlier -> !earlier.equals(instance))
                .limit(SUPERSEDED_MAX)
                .toList();
    }

    private boolean removeLongestLapsed() {
        return registrations.values().stream()
                .filter(r -> !isLive(r))
                .min(Comparator.comparingLong(Registration::renewedAtNanos))
                .map(r -> registrations.remove(r.id(), r))
                .orElse(false);
    }

    /** Removes a registration. Does nothing if {@code instance} is given and is not the registered instance. */
    public synchronized void leave(String id, @Nullable UUID instance) {
        Registration registration = registrations.get(id);
        if (registration != null && (instance == null || registration.instance().equals(instance))) {
            registrations.remove(id);
        }
    }

    /**
     * Removes a registration whose lease has lapsed. Pending deliveries are paused until the id is registered again.
     */
    public synchronized Answer<Registration> removeLapsed(String id) {
        Registration registration = registrations.get(id);
        if (registration == null) {
            return refuse(Kind.UNKNOWN_RESOURCE_MANAGER, "resource manager %s is not registered".formatted(id), id);
        }
        if (isLive(registration)) {
            return refuse(Kind.WRONG_STATE, "resource manager %s holds a live lease".formatted(id), id);
        }
        registrations.remove(id);
        return Answer.of(registration);
    }

    public @Nullable Registration find(String id) {
        return registrations.get(id);
    }

    public boolean isLive(Registration registration) {
        return time.nanos() - registration.renewedAtNanos() < lease.toNanos();
    }

    /** All registrations, ordered by id. */
    public Collection<Registration> all() {
        return registrations.values();
    }

    public Duration lease() {
        return lease;
    }

    private static <T> Answer<T> refuse(Kind kind, String detail, String id) {
        return Answer.refuse(new Refusal(kind, detail, null, id));
    }
}
