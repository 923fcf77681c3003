package dtc.app;

import dtc.runtime.Time;
import dtc.runtime.coordinator.Coordinator;
import dtc.runtime.participant.HostedResourceManagers;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.vertx.http.HttpServerStart;
import io.quarkus.vertx.http.HttpsServerStart;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.ObservesAsync;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/** Start: resource managers register once they can be reached. Stop: what is decided is delivered, then they leave. */
@Singleton
final class Lifecycle {

    private static final Logger LOG = Logger.getLogger(Lifecycle.class);

    /** Long enough for a server that does start. */
    private static final Duration RELOADED = Duration.ofSeconds(2);

    private final DtcConfig config;
    private final Time time;
    private final TransactionIds ids;
    private final Coordinator coordinator;
    private final HostedResourceManagers hosted;
    private final AtomicBoolean joined = new AtomicBoolean();

    Lifecycle(DtcConfig config, Time time, TransactionIds ids, Coordinator coordinator, HostedResourceManagers hosted) {
        this.config = config;
        this.time = time;
        this.ids = ids;
        this.coordinator = coordinator;
        this.hosted = hosted;
    }

    /** Before the server listens: whoever asks for an outcome must not be answered from an empty memory. */
    void recover(@Observes StartupEvent event) {
        int open = coordinator.recover();
        coordinator.list(null, null, 1).forEach(newest -> ids.continueAfter(newest.id()));
        if (open > 0) {
            LOG.infof("recovered %d transactions that are decided and not finished", open);
        }
    }

    void started(@ObservesAsync HttpServerStart event) {
        join();
    }

    /** There may be the one server, the other, or both. */
    void started(@ObservesAsync HttpsServerStart event) {
        join();
    }

    private void join() {
        if (!joined.getAndSet(true)) {
            hosted.all().forEach(one -> one.membership().join());
        }
    }

    /** Dev mode loads the application anew under a server that goes on listening, and so is not started again. */
    void reloaded(@Observes StartupEvent event) {
        if (LaunchMode.current() == LaunchMode.DEVELOPMENT) {
            time.after(
                    RELOADED, () -> hosted.all().forEach(one -> one.membership().join()));
        }
    }

    /** The HTTP server goes on serving while this waits. */
    void stopping(@Observes ShutdownDelayInitiatedEvent event) throws InterruptedException {
        await(
                Stream.concat(
                        Stream.of(coordinator.drain()),
                        hosted.all().stream().map(one -> one.participant().drain())),
                "transactions are left between prepare and their end");
        await(
                hosted.all().stream().map(one -> one.membership().leave()),
                "the coordinator was not told of the leaving");
    }

    private void await(Stream<? extends CompletionStage<?>> stages, String otherwise) throws InterruptedException {
        CompletableFuture<?>[] all =
                stages.map(stage -> stage.toCompletableFuture()).toArray(CompletableFuture<?>[]::new);
        try {
            CompletableFuture.allOf(all).get(config.drainTimeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException _) {
            LOG.warnf("stopping although %s", otherwise);
        }
    }
}
