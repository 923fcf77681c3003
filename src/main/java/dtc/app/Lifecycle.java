package dtc.app;

import dtc.runtime.ClockJumps;
import dtc.runtime.OutOfMemory;
import dtc.runtime.Time;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.coordinator.ResourceManagerHealth;
import dtc.runtime.coordinator.TransactionIds;
import dtc.runtime.participant.HostedResourceManagers;
import dtc.runtime.participant.StoreException;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.vertx.http.HttpServerStart;
import io.quarkus.vertx.http.HttpsServerStart;
import io.quarkus.vertx.http.runtime.VertxHttpConfig;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.ObservesAsync;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * Starts and stops the application. At startup, resource managers register when the server is reachable. At shutdown,
 * outcomes are delivered, then resource managers deregister.
 */
@Singleton
final class Lifecycle {

    private static final Logger LOG = Logger.getLogger(Lifecycle.class);

    /** The delay of registration after a reload. Long enough for the server to start. */
    private static final Duration RELOAD_DELAY = Duration.ofSeconds(2);

    private final DtcConfig config;
    private final VertxHttpConfig http;
    private final Time time;
    private final TransactionIds ids;
    private final Coordinator coordinator;
    private final HostedResourceManagers hosted;
    private final ResourceManagerHealth health;
    private final ClockJumps clockJumps;
    private final StartReport report;
    private final AtomicBoolean joined = new AtomicBoolean();

    Lifecycle(
            DtcConfig config,
            VertxHttpConfig http,
            Time time,
            TransactionIds ids,
            Coordinator coordinator,
            HostedResourceManagers hosted,
            ResourceManagerHealth health,
            ClockJumps clockJumps,
            StartReport report) {
        this.config = config;
        this.http = http;
        this.time = time;
        this.ids = ids;
        this.coordinator = coordinator;
        this.hosted = hosted;
        this.health = health;
        this.clockJumps = clockJumps;
        this.report = report;
    }

    /**
     * Recovers transactions before the server listens, so that no inquiry is answered before the log has been replayed.
     */
    void recover(@Observes StartupEvent event) {
        if (LaunchMode.current() == LaunchMode.NORMAL) {
            OutOfMemory.watch(); // in dev mode and tests, the JVM outlives the application
        }
        report.log();
        checkFiles();
        clockJumps.start();
        int open = coordinator.recover();
        coordinator.list(null, null, 1).forEach(newest -> ids.continueAfter(newest.id()));
        if (config.coordinator().enabled()) {
            health.start();
        }
        startResourceManagers();
        if (open > 0) {
            LOG.infof("recovered %d unfinished transactions from the decision log", open);
        }
    }

    /** Opens their storage before the server listens, so that no message arrives earlier. */
    private void startResourceManagers() {
        try {
            CompletableFuture.allOf(hosted.all().stream()
                            .map(rm -> rm.participant().start().toCompletableFuture())
                            .toArray(CompletableFuture<?>[]::new))
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof StoreException unusable
                    ? new ConfigurationException("Not started: " + unusable.getMessage())
                    : e;
        }
    }

    private void checkFiles() {
        long filesMax = ConnectionDefaults.filesMax();
        String tooFew = ConnectionDefaults.tooFewFiles(filesMax, ConnectionDefaults.filesOpen());
        if (tooFew != null) {
            throw new ConfigurationException("Not started: " + tooFew);
        }
        if (filesMax < ConnectionDefaults.FILES_RECOMMENDED) {
            LOG.warnf(
                    "the limit of open files is %d, so at most %d connections are accepted at a time."
                            + " Set it to %d or more (ulimit -n)",
                    filesMax, http.limits().maxConnections().orElse(0), ConnectionDefaults.FILES_RECOMMENDED);
        }
    }

    void started(@ObservesAsync HttpServerStart event) {
        join();
    }

    /** Handles the start of the HTTPS server. The HTTP server, the HTTPS server or both may be enabled. */
    void started(@ObservesAsync HttpsServerStart event) {
        join();
    }

    private void join() {
        if (!joined.getAndSet(true)) {
            hosted.all().forEach(rm -> rm.membership().start());
        }
    }

    /** Registers again after a reload in dev mode. The server keeps running then, so no start event is sent. */
    void reloaded(@Observes StartupEvent event) {
        if (LaunchMode.current() == LaunchMode.DEVELOPMENT) {
            time.after(
                    RELOAD_DELAY,
                    () -> hosted.all().forEach(rm -> rm.membership().start()));
        }
    }

    /** Delivers outcomes and deregisters. The HTTP server continues to serve requests. */
    void stopping(@Observes ShutdownDelayInitiatedEvent event) throws InterruptedException {
        await(
                Stream.concat(
                        Stream.of(coordinator.drain()),
                        hosted.all().stream().map(rm -> rm.participant().drain())),
                "some transactions have not ended");
        await(
                hosted.all().stream().map(rm -> rm.membership().deregister()),
                "some resource managers are not deregistered");
    }

    private void await(Stream<? extends CompletionStage<?>> stages, String incomplete) throws InterruptedException {
        CompletableFuture<?>[] all =
                stages.map(stage -> stage.toCompletableFuture()).toArray(CompletableFuture<?>[]::new);
        try {
            CompletableFuture.allOf(all).get(config.drainTimeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException _) {
            LOG.warnf("the process stops after dtc.drain-timeout although %s", incomplete);
        }
    }
}
