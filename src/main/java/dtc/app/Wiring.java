package dtc.app;

import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.console.ConsoleSettings;
import dtc.coordinator.TwoPhaseCommit;
import dtc.log.DecisionLog;
import dtc.log.memory.MemoryDecisionLog;
import dtc.resource.DictionaryLimits;
import dtc.rest.Clients;
import dtc.rest.CoordinatorApi;
import dtc.rest.HttpCoordinatorLink;
import dtc.rest.RequestMemory;
import dtc.rest.RequestValidator;
import dtc.rest.ResourceManagerClients;
import dtc.runtime.Backoff;
import dtc.runtime.ClockJumps;
import dtc.runtime.Registry;
import dtc.runtime.Time;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.CoordinatorSettings;
import dtc.runtime.coordinator.ResourceManagerHealth;
import dtc.runtime.coordinator.TransactionIds;
import dtc.runtime.coordinator.TransactionLimits;
import dtc.runtime.coordinator.TransactionListener;
import dtc.runtime.coordinator.UnregisteredResourceManagers;
import dtc.runtime.messaging.BatchingParticipantClient;
import dtc.runtime.messaging.ParticipantTransport;
import dtc.runtime.participant.CoordinatorLink;
import dtc.runtime.participant.HostedResourceManagers;
import dtc.runtime.participant.HostedResourceManagers.Hosted;
import dtc.runtime.participant.Membership;
import dtc.runtime.participant.ResourceManager;
import dtc.security.AuthenticationPolicy;
import dtc.security.HostRules;
import dtc.tracing.Tracing;
import io.quarkus.arc.All;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.vertx.http.HttpServer;
import io.quarkus.vertx.http.runtime.VertxHttpConfig;
import io.vertx.core.Vertx;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Creates the objects of the application and connects them. */
@Singleton
public class Wiring {

    /** Added to the vote timeout, so that the vote times out before the call that carries it. */
    private static final Duration CALL_TIMEOUT_MARGIN = Duration.ofMillis(100);

    private static final int INQUIRIES_IN_FLIGHT_MAX = 256;

    /** To one resource manager. The client allocates an array of this length for each address. */
    private static final int CONNECTIONS_MAX = 20_000;

    /** How long the start waits for a database that is not available. */
    private static final Duration STORE_OPEN_TIMEOUT = Duration.ofSeconds(10);

    private static final int UNDELIVERED_MAX = 5_000;

    private final DtcConfig config;
    private final VertxHttpConfig http;
    private final Instance<HttpServer> server;
    private final SecurityWiring security;

    Wiring(DtcConfig config, VertxHttpConfig http, Instance<HttpServer> server, SecurityWiring security) {
        this.config = config;
        this.http = http;
        this.server = server;
        this.security = security;
    }

    @Produces
    @Singleton
    Time time(Vertx vertx) {
        return new VertxTime(vertx);
    }

    @Produces
    @Singleton
    ClockJumps clockJumps(Time time) {
        return new ClockJumps(time);
    }

    @Produces
    @Singleton
    DecisionLog log(Vertx vertx) {
        if (!config.coordinator().enabled()) {
            return new MemoryDecisionLog(); // this process makes no decisions
        }
        boolean hasDirectory = config.log().directory().isPresent();
        return switch (kind(config.log())) {
            case MEMORY -> {
                if (hasDirectory) {
                    // Decisions that the operator expects in files would be lost silently.
                    throw new ConfigurationException(
                            "dtc.log.kind=memory has no directory: unset dtc.log.directory (DTC_LOG_DIRECTORY), or set"
                                    + " dtc.log.kind=file (DTC_LOG_KIND)");
                }
                yield new MemoryDecisionLog();
            }
            case FILE -> DurableLog.open(vertx, config.log());
        };
    }

    static DtcConfig.LogConfig.Kind kind(DtcConfig.LogConfig log) {
        return log.kind()
                .orElse(log.directory().isPresent() ? DtcConfig.LogConfig.Kind.FILE : DtcConfig.LogConfig.Kind.MEMORY);
    }

    /**
     * Closes the log after all other objects, because transactions delivered during shutdown are still recorded as
     * ended.
     */
    void close(@Disposes DecisionLog log) throws InterruptedException {
        if (log instanceof DurableLog durable) {
            durable.close();
        }
    }

    @Produces
    @Singleton
    HostRules hostRules() {
        return new HostRules(config.registration().allowedHosts().orElse(List.of()));
    }

    @Produces
    @Singleton
    Registry registry(Time time, HostRules hosts) {
        return new Registry(time, config.registration().lease(), config.limits().resourceManagersMax(), hosts::allow);
    }

    @Produces
    @Singleton
    ResourceManagerHealth health(Registry registry, Time time) {
        return new ResourceManagerHealth(registry, time);
    }

    @Produces
    @Singleton
    UnregisteredResourceManagers unregistered(Registry registry, Time time) {
        return new UnregisteredResourceManagers(registry, time);
    }

    @Produces
    @Singleton
    ResourceManagerClients resourceManagers(Vertx vertx, HostRules hosts, Registry registry) {
        return new ResourceManagerClients(
                vertx,
                security.outboundToResourceManagers(hosts),
                new ResourceManagerClients.Settings(
                        callTimeout(),
                        config.limits().connectionsMax().orElse(Math.min(CONNECTIONS_MAX, participantsInFlightMax())),
                        config.deliveryTimeoutMax().plus(callTimeout())),
                registry::generation);
    }

    @Produces
    @Singleton
    TransactionIds ids(Time time, DecisionLog log) {
        return new TransactionIds(time, log.identity(), new SecureRandom());
    }

    @Produces
    @Singleton
    BatchingParticipantClient participants(ParticipantTransport transport, Time time) {
        DtcConfig.MessagesConfig messages = config.messages();
        return new BatchingParticipantClient(
                transport,
                time,
                new BatchingParticipantClient.Settings(
                        messages.requestsInFlightMax(),
                        messages.batchMax(),
                        messages.batchBytesMax().asLongValue(),
                        messages.queuedMessagesMax(),
                        config.prepareTimeout(),
                        messages.slotTimeout()),
                EventLoop::atEndOfTurn);
    }

    @Produces
    @Singleton
    Coordinator coordinator(
            Time time,
            TransactionIds ids,
            Registry registry,
            BatchingParticipantClient participants,
            DecisionLog log,
            Tracing tracing,
            @All List<TransactionListener> listeners) {
        return new Coordinator(
                new TwoPhaseCommit(
                        config.limits().participantsMax(), config.limits().writesMax()),
                new CoordinatorSettings(
                        config.transaction().timeoutDefault(),
                        callTimeout(),
                        config.deliveryTimeoutMax(),
                        config.coordinator().answerTimeout(),
                        transactionLimits(),
                        config.coordinator().retriesInFlightMax(),
                        config.coordinator().queuedRollbacksMax(),
                        config.coordinator().rollbackAttemptsMax(),
                        config.limits()
                                .undeliveredMax()
                                .orElse(Math.min(UNDELIVERED_MAX, participantsInFlightMax() / 4))),
                time,
                ids,
                new Backoff(
                        config.coordinator().retryPauseInitial(),
                        config.coordinator().retryPauseMax(),
                        random()),
                registry,
                participants,
                log,
                Stream.concat(Stream.ofNullable(tracing.listener()), listeners.stream())
                        .toList());
    }

    private int participantsInFlightMax() {
        return config.limits().participantsInFlightMax().orElse(HeapDefaults.participantsInFlightMax());
    }

    /** Without tokens all callers are one. */
    private int inFlightPerCallerMax() {
        int max = config.limits().transactionsInFlightMax();
        return security.mode() == AuthenticationPolicy.Mode.NONE ? max : Math.max(1, max / 2);
    }

    private TransactionLimits transactionLimits() {
        return new TransactionLimits(
                config.limits().transactionsInFlightMax(),
                config.limits().transactionsInFlightPerCallerMax().orElseGet(this::inFlightPerCallerMax),
                participantsInFlightMax(),
                config.transaction().retention(),
                config.transaction().retainedMax(),
                config.transaction()
                        .retainedBytesMax()
                        .map(MemorySize::asLongValue)
                        .orElse(HeapDefaults.retainedBytesMax()));
    }

    @Produces
    @Singleton
    RequestMemory requestMemory() {
        return new RequestMemory(
                config.limits().requestBytesMax().map(MemorySize::asLongValue).orElse(HeapDefaults.requestBytesMax()));
    }

    @Produces
    @Singleton
    RequestValidator.Limits inputLimits() {
        return new RequestValidator.Limits(
                config.limits().keyCharsMax(),
                config.limits().valueCharsMax(),
                config.limits().writesMax(),
                config.transaction().timeoutMax(),
                config.limits().pageMax());
    }

    @Produces
    @Singleton
    ConsoleSettings consoleSettings() {
        return new ConsoleSettings(
                config.console().timelinesMax(),
                HeapDefaults.timelineBytesMax(),
                config.console().actionRequiredAfter());
    }

    @Produces
    @Singleton
    HostedResourceManagers hosted(
            Vertx vertx, Time time, ObjectMapper mapper, Stores stores, RegistrationLog registrationLog) {
        List<String> ids = config.rm().ids().orElse(List.of());
        if (ids.isEmpty()) {
            return new HostedResourceManagers(List.of());
        }
        if (Set.copyOf(ids).size() < ids.size() || !ids.stream().allMatch(RequestValidator::isName)) {
            throw new ConfigurationException("dtc.rm.ids must be different names, each " + RequestValidator.NAME_RULE);
        }
        config.rm()
                .coordinatorUrl()
                .ifPresent(url -> checkUrl(url, "dtc.rm.coordinator-url", "DTC_RM_COORDINATOR_URL"));
        config.rm().advertisedUrl().ifPresent(url -> checkUrl(url, "dtc.rm.advertised-url", "DTC_RM_ADVERTISED_URL"));
        CoordinatorLink link = new HttpCoordinatorLink(
                once(() -> Clients.build(
                        vertx,
                        CoordinatorApi.class,
                        config.rm().coordinatorUrl().orElseGet(this::ownUrl),
                        callTimeout(),
                        INQUIRIES_IN_FLIGHT_MAX,
                        true,
                        security.outboundToCoordinator())),
                mapper,
                () -> config.rm()
                        .advertisedUrl()
                        .orElseGet(this::ownUrl)
                        .toString()
                        .replaceAll("/+$", ""));
        return new HostedResourceManagers(ids.stream()
                .map(id -> hosted(id, time, link, stores, registrationLog))
                .toList());
    }

    void close(@Disposes HostedResourceManagers hosted) {
        hosted.all().forEach(rm -> rm.participant().close());
    }

    private Hosted hosted(String id, Time time, CoordinatorLink link, Stores stores, RegistrationLog registrationLog) {
        ResourceManager resourceManager = new ResourceManager(
                id,
                new ResourceManager.Settings(
                        config.rm().lockWait(),
                        config.rm().stagedTimeout(),
                        config.rm().rememberedOutcomesRetention(),
                        STORE_OPEN_TIMEOUT,
                        stores.appendExecutor()),
                time,
                new Backoff(config.rm().inquiryPauseInitial(), config.rm().inquiryPauseMax(), random()),
                new Backoff(Duration.ofMillis(100), Duration.ofSeconds(2), random()),
                link,
                new DictionaryLimits(
                        config.rm().stagedTransactionsMax(),
                        config.rm().stagedCharsMax().asLongValue(),
                        stores.storedCharsMax(),
                        config.rm().rememberedOutcomesMax()),
                stores.store(id));
        return new Hosted(
                resourceManager,
                new Membership(
                        resourceManager,
                        link,
                        time,
                        new Backoff(Duration.ofMillis(200), Duration.ofSeconds(5), random()),
                        registrationLog));
    }

    /** Without a host, a client would connect to this machine, and send it the token of this process. */
    private static void checkUrl(URI url, String key, String environment) {
        if (!RequestValidator.hasHttpScheme(url)
                || url.getHost() == null
                || url.getQuery() != null
                || url.getFragment() != null) {
            throw new ConfigurationException(String.format(
                    Locale.ROOT,
                    "%s (%s) must be http(s)://host[:port][/path], but is '%s'. A host name must not contain '_'",
                    key,
                    environment,
                    url));
        }
    }

    /** Calls a supplier when its value is needed first. */
    private static <T> Supplier<T> once(Supplier<T> supplier) {
        AtomicReference<@Nullable T> value = new AtomicReference<>();
        return () -> {
            synchronized (value) {
                T known = value.get();
                if (known == null) {
                    known = supplier.get();
                    value.set(known);
                }
                return known;
            }
        };
    }

    /** The URL of this process on this machine. The port is known when the server listens. */
    private URI ownUrl() {
        boolean tlsOnly = SecurityWiring.isTlsOnly(http);
        boolean test = LaunchMode.current() == LaunchMode.TEST;
        int port = tlsOnly ? (test ? http.testSslPort() : http.sslPort()) : test ? http.testPort() : http.port();
        if (port == 0) {
            port = tlsOnly ? server.get().getSecurePort() : server.get().getPort();
        }
        String host = switch (http.host()) {
            case "0.0.0.0" -> "127.0.0.1";
            case "::", "[::]" -> "[::1]";
            default ->
                http.host().contains(":") && !http.host().startsWith("[") ? "[" + http.host() + "]" : http.host();
        };
        return URI.create(String.format(Locale.ROOT, "%s://%s:%d", tlsOnly ? "https" : "http", host, port));
    }

    private Duration callTimeout() {
        return config.prepareTimeout().plus(CALL_TIMEOUT_MARGIN);
    }

    private static RandomGenerator random() {
        return new Random();
    }
}
