package dtc.runtime;

import dtc.protocol.Refusal;
import dtc.protocol.Refusal.Kind;
import java.net.InetAddress;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The registered resource managers. Each one holds a lease on its id. */
public final class Registry {

    /** Maximum number of earlier instances that are kept per id. No message is expected to outlive so many restarts. */
    private static final int SUPERSEDED_MAX = 8;

    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;

    private final Time time;
    private final Duration lease;
    private final int resourceManagersMax;
    private final Predicate<String> urlAllowed;
    private final Map<String, Registration> registrations = new ConcurrentSkipListMap<>();
    /** The id that is registered with each address. Guarded by this. */
    private final Map<String, String> idsByAddress = new HashMap<>();

    private final AtomicLong generation = new AtomicLong();
    private final List<Consumer<String>> registrationListeners = new CopyOnWriteArrayList<>();

    /** Guarded by this. */
    private Store store = new Store() {
        @Override
        public void put(Registration registration) {}

        @Override
        public void remove(String id) {}
    };

    /** Stores registrations. Called under the lock of the registry, so that the order of changes is preserved. */
    public interface Store {
        /** A resource manager has registered, has renewed its lease, or is displaced. */
        void put(Registration registration);

        void remove(String id);
    }

    /** The result of a registration. */
    public record Registered(Registration registration, boolean isNew) {}

    /** @param urlAllowed whether the coordinator may call the URL, which is well-formed */
    public Registry(Time time, Duration lease, int resourceManagersMax, Predicate<String> urlAllowed) {
        this.time = time;
        this.lease = lease;
        this.resourceManagersMax = resourceManagersMax;
        this.urlAllowed = urlAllowed;
    }

    public synchronized void setStore(Store newStore) {
        store = newStore;
    }

    /**
     * Restores a registration that an earlier process stored. Its lease starts now, since the time of its last renewal
     * is not known.
     *
     * @return false if the URL is no longer allowed; the registration is then not restored
     */
    public synchronized boolean recover(
            String id,
            String url,
            UUID instance,
            List<UUID> superseded,
            Set<String> features,
            boolean displaced,
            Instant registeredAt) {
        if (!urlAllowed.test(url)) {
            return false;
        }
        registrations.put(
                id,
                new Registration(
                        id,
                        url,
                        instance,
                        superseded,
                        Collections.unmodifiableSet(new TreeSet<>(features)),
                        0,
                        displaced,
                        registeredAt,
                        time.now(),
                        time.nanos()));
        if (!displaced) {
            idsByAddress.put(toAddress(url), id);
        }
        return true;
    }

    /**
     * Adds a listener for new registrations. It is called with the id of each resource manager that registers for the
     * first time, for the first time since it was recovered, after its lease has lapsed, or with another URL or
     * instance.
     */
    public void addRegistrationListener(Consumer<String> listener) {
        registrationListeners.add(listener);
    }

    /**
     * Registers a resource manager, or renews its lease. {@code url} must be well-formed. Only one id may use a URL:
     * the URL is refused while another id with a live lease uses it. If that lease has lapsed, the other id is
     * displaced.
     */
    public Answer<Registered> register(String id, String url, UUID instance, Set<String> features) {
        Registration known = registrations.get(id);
        boolean isKnownUrl = known != null && known.url().equals(url); // checked at its first registration
        if (!isKnownUrl && !urlAllowed.test(url)) {
            return refuse(
                    Kind.HOST_NOT_ALLOWED, "the host of this URL is not allowed (dtc.registration.allowed-hosts)", id);
        }
        Registration before;
        Registration after;
        boolean isNewState;
        boolean changed;
        synchronized (this) {
            before = registrations.get(id);
            String address = toAddress(url);
            Registration other = findOtherRegistration(address, id);
            boolean wasLive = before != null && isLive(before);
            boolean isSameAddress = before != null && toAddress(before.url()).equals(address);
            if (wasLive && !isSameAddress) {
                return refuse(Kind.NAME_TAKEN, "another URL holds a live lease on this id", id);
            }
            if (other != null && isLive(other)) {
                return refuse(
                        Kind.NAME_TAKEN, "resource manager %s is registered with this URL".formatted(other.id()), id);
            }
            if (before == null && registrations.size() >= resourceManagersMax && !evictLongestLapsed()) {
                return refuse(
                        Kind.OVERLOADED,
                        String.format(Locale.ROOT, "the limit of %d resource managers is reached", resourceManagersMax),
                        id);
            }
            if (before != null && wasLive && before.superseded().contains(instance)) {
                return refuse(Kind.NAME_TAKEN, "this instance was superseded by another", id);
            }
            isNewState = before == null
                    || !wasLive
                    || !isSameAddress
                    || !before.instance().equals(instance);
            changed = isNewState || (before != null && !before.isConfirmed());
            if (other != null) {
                Registration displaced = other.withDisplaced();
                registrations.put(other.id(), displaced);
                store.put(displaced);
            }
            if (before != null) {
                idsByAddress.remove(toAddress(before.url()), id);
            }
            idsByAddress.put(address, id);
            after = new Registration(
                    id,
                    url,
                    instance,
                    supersededInstances(before, instance),
                    Collections.unmodifiableSet(new TreeSet<>(features)),
                    changed || before == null ? generation.incrementAndGet() : before.generation(),
                    false,
                    isNewState || before == null ? time.now() : before.registeredAt(),
                    time.now(),
                    time.nanos());
            registrations.put(id, after);
            store.put(after);
        }
        if (changed) {
            registrationListeners.forEach(listener -> listener.accept(id));
        }
        return Answer.of(new Registered(after, before == null));
    }

    /** Returns the registration of another id with the same address; null if there is none. */
    private @Nullable Registration findOtherRegistration(String address, String id) {
        String other = idsByAddress.get(address);
        return other == null || other.equals(id) ? null : registrations.get(other);
    }

    /** Normalizes a URL for comparison. Host names are not resolved. */
    private static String toAddress(String url) {
        URI uri = URI.create(url);
        String scheme = uri.getScheme().toLowerCase(Locale.ROOT);
        String host = uri.getHost().toLowerCase(Locale.ROOT);
        if (host.startsWith("[")) {
            host = InetAddress.ofLiteral(host).getHostAddress();
        }
        int port = uri.getPort() >= 0 ? uri.getPort() : scheme.equals("https") ? HTTPS_PORT : HTTP_PORT;
        String path = uri.getRawPath();
        return String.format(
                Locale.ROOT,
                "%s://%s:%d%s",
                scheme,
                host,
                port,
                path.endsWith("/") ? path.substring(0, path.length() - 1) : path);
    }

    private static List<UUID> supersededInstances(@Nullable Registration before, UUID instance) {
        if (before == null || before.instance().equals(instance)) {
            return before == null ? List.of() : before.superseded();
        }
        return Stream.concat(Stream.of(before.instance()), before.superseded().stream())
                .filter(earlier -> !earlier.equals(instance))
                .limit(SUPERSEDED_MAX)
                .toList();
    }

    private boolean evictLongestLapsed() {
        return registrations.values().stream()
                .filter(r -> !isLive(r))
                .min(Comparator.comparingLong(Registration::renewedAtNanos))
                .map(this::remove)
                .orElse(false);
    }

    private boolean remove(Registration registration) {
        idsByAddress.remove(toAddress(registration.url()), registration.id());
        boolean removed = registrations.remove(registration.id(), registration);
        if (removed) {
            store.remove(registration.id());
        }
        return removed;
    }

    /** Removes a registration. Does nothing if {@code instance} is given and is not the registered instance. */
    public synchronized void deregister(String id, @Nullable UUID instance) {
        Registration registration = registrations.get(id);
        if (registration != null && (instance == null || registration.instance().equals(instance))) {
            remove(registration);
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
        remove(registration);
        return Answer.of(registration);
    }

    public @Nullable Registration find(String id) {
        return registrations.get(id);
    }

    /** Returns the registration to which messages can be sent; null if there is none, or if it is displaced. */
    public @Nullable Registration findTarget(String id) {
        Registration registration = registrations.get(id);
        return registration == null || registration.displaced() ? null : registration;
    }

    /** The highest {@link Registration#generation} so far. */
    public long generation() {
        return generation.get();
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
        return Answer.refused(new Refusal(kind, detail, null, id));
    }
}
