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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Who the resource managers are and where, each under a lease that it renews. */
public final class Registry {

    /** A message is not on the way for longer than so many restarts take. */
    private static final int SUPERSEDED_MAX = 8;

    private final Time time;
    private final Duration lease;
    private final int resourceManagersMax;
    private final HostRules hosts;
    private final Map<String, Registration> registrations = new ConcurrentSkipListMap<>();
    private final List<Consumer<String>> arrivals = new CopyOnWriteArrayList<>();

    /** What a registration changed. */
    public record Registered(Registration registration, boolean isNew) {}

    public Registry(Time time, Duration lease, int resourceManagersMax, HostRules hosts) {
        this.time = time;
        this.lease = lease;
        this.resourceManagersMax = resourceManagersMax;
        this.hosts = hosts;
    }

    /** Calls with the id of each resource manager that is new, or back, or elsewhere, or another instance. */
    public void onArrival(Consumer<String> listener) {
        arrivals.add(listener);
    }

    /** Registers, or renews the lease; {@code url} is well-formed already. */
    public Answer<Registered> register(String id, String url, UUID instance, Set<String> features) {
        Registration known = registrations.get(id);
        boolean isKnownUrl = known != null && known.url().equals(url); // and so was allowed when it first registered
        if (!isKnownUrl && !hosts.allow(url)) {
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
            if (before == null && registrations.size() >= resourceManagersMax && !forgetLongestLapsed()) {
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
            arrivals.forEach(listener -> listener.accept(id));
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

    private boolean forgetLongestLapsed() {
        return registrations.values().stream()
                .filter(r -> !isLive(r))
                .min(Comparator.comparingLong(Registration::renewedAtNanos))
                .map(r -> registrations.remove(r.id(), r))
                .orElse(false);
    }

    /**
     * Leaves. Where {@code instance} is given and not the one registered, it has been succeeded, and nothing changes.
     */
    public synchronized void leave(String id, @Nullable UUID instance) {
        Registration registration = registrations.get(id);
        if (registration != null && (instance == null || registration.instance().equals(instance))) {
            registrations.remove(id);
        }
    }

    /**
     * Removes one whose lease has lapsed. What waits for it goes on waiting, until one registers under the id again.
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

    /** By id. */
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
