package dtc.rest;

import dtc.runtime.Registration;
import dtc.security.Outbound;
import io.vertx.core.Vertx;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The REST clients for resource managers.
 *
 * <p>After another instance has registered, no connection that was opened before is used for it: it may lead to the
 * earlier process. Resource managers are distributed over a fixed number of slots. Each slot has its own clients, and
 * gets new ones for a registration that is newer than its connections.
 */
public final class ResourceManagerClients {

    /**
     * Configuration of the clients.
     *
     * @param timeout timeout of requests, except those that are sent again with a longer one
     * @param connectionsMax maximum number of connections to one address, for each client
     * @param retirementDuration how long clients that are no longer used for new requests stay open for requests in
     *     flight
     */
    public record Settings(Duration timeout, int connectionsMax, Duration retirementDuration) {}

    /** Limits the number of clients, and the number of connections that are replaced when an instance changes. */
    private static final int SLOTS = 64;

    /** The base URL of the clients. Unused, because each request has its own URL. */
    private static final URI UNUSED = URI.create("http://localhost");

    private record ClientKey(boolean keepAlive, Duration timeout) {}

    /**
     * The clients for some resource managers.
     *
     * @param generation no connection was opened before this generation of registrations
     */
    private record Slot(long generation, Map<ClientKey, ResourceManagerApi> clients) {}

    private final Vertx vertx;
    private final Outbound outbound;
    private final Settings settings;
    private final LongSupplier latestGeneration;
    /** Guarded by this. */
    private final @Nullable Slot[] slots = new @Nullable Slot[SLOTS];

    /** @param latestGeneration the highest generation of all registrations */
    public ResourceManagerClients(Vertx vertx, Outbound outbound, Settings settings, LongSupplier latestGeneration) {
        this.vertx = vertx;
        this.outbound = outbound;
        this.settings = settings;
        this.latestGeneration = latestGeneration;
        // Loads the classes of the client, so that the first vote does not time out because of it.
        close(build(new ClientKey(false, settings.timeout())));
    }

    Duration timeout() {
        return settings.timeout();
    }

    /**
     * Returns the client for a registration.
     *
     * @param keepAlive whether connections are reused. Only for servers that send exactly one response for each
     *     request: responses in HTTP/1.1 contain no request id, so an extra response on a persistent connection would
     *     be read as the response to the next request.
     * @param limit the timeout of requests is at least this long, and less than twice as long
     */
    synchronized ResourceManagerApi client(Registration target, boolean keepAlive, Duration limit) {
        Duration timeout = settings.timeout();
        while (timeout.compareTo(limit) < 0) {
            timeout = timeout.multipliedBy(2); // a client for each of a few timeouts
        }
        return slot(target).clients().computeIfAbsent(new ClientKey(keepAlive, timeout), this::build);
    }

    private ResourceManagerApi build(ClientKey key) {
        return Clients.build(
                vertx,
                ResourceManagerApi.class,
                UNUSED,
                key.timeout(),
                settings.connectionsMax(),
                key.keepAlive(),
                outbound);
    }

    private Slot slot(Registration target) {
        int index = Math.floorMod(target.id().hashCode(), SLOTS);
        Slot slot = slots[index];
        if (slot != null && slot.generation() >= target.generation()) {
            return slot;
        }
        if (slot != null) {
            retire(slot);
        }
        // Read before any client is created: their connections are newer than all registrations up to this generation.
        long generation = Math.max(target.generation(), latestGeneration.getAsLong());
        Slot next = new Slot(generation, new HashMap<>());
        slots[index] = next;
        return next;
    }

    /** Makes all further requests use new connections, for example with another certificate. */
    public synchronized void renewConnections() {
        for (int i = 0; i < SLOTS; i++) {
            Slot slot = slots[i];
            if (slot != null) {
                retire(slot);
                slots[i] = null;
            }
        }
    }

    private void retire(Slot slot) {
        vertx.setTimer(
                Math.max(1, settings.retirementDuration().toMillis()),
                _ -> slot.clients().values().forEach(ResourceManagerClients::close));
    }

    private static void close(ResourceManagerApi client) {
        try {
            ((Closeable) client).close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
