package dtc.participant;

import dtc.participant.coordinator.CoordinatorLink;
import dtc.participant.coordinator.CoordinatorLink.RefusedException;
import dtc.participant.sql.ParticipantStore.Identity;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Keeps the resource manager registered: renews at a third of the lease, and repeats what failed. */
final class Membership implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Membership.class.getName());

    private static final List<String> FEATURES = List.of("contract-2", "keep-alive", "one-phase");
    private static final Duration RETRY_PAUSE_MAX = Duration.ofSeconds(5);
    private static final Duration STOP_MAX = Duration.ofSeconds(6);

    private final ParticipantConfig config;
    private final Supplier<Identity> identity;
    private final CoordinatorLink coordinator;
    private final ScheduledExecutorService timer =
            new ScheduledThreadPoolExecutor(1, Threads.daemons("dtc-registration"));

    private volatile boolean everRegistered;
    private volatile long leaseEndNanos;
    private int failures;

    Membership(ParticipantConfig config, Supplier<Identity> identity, CoordinatorLink coordinator) {
        this.config = config;
        this.identity = identity;
        this.coordinator = coordinator;
    }

    void start() {
        timer.execute(this::register);
    }

    /** Whether it was registered at least once. */
    boolean wasRegistered() {
        return everRegistered;
    }

    /** Whether the lease is live. */
    boolean isRegistered() {
        return everRegistered && leaseEndNanos - System.nanoTime() > 0;
    }

    private void register() {
        Duration pause;
        long start = System.nanoTime();
        try {
            Identity current = identity.get();
            Duration lease =
                    coordinator.register(config.url(), current.instance(), FEATURES, current.newestForgotten());
            if (!everRegistered || failures > 0) {
                LOG.log(System.Logger.Level.INFO, config.id() + " is registered");
            }
            leaseEndNanos = start + lease.toNanos();
            everRegistered = true;
            failures = 0;
            pause = lease.dividedBy(3);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        } catch (IOException | RefusedException | RuntimeException e) {
            if (failures == 0) {
                LOG.log(System.Logger.Level.WARNING, config.id() + " could not register, and tries again: " + e);
            }
            failures++;
            pause = Duration.ofMillis(Math.min(RETRY_PAUSE_MAX.toMillis(), 500L << Math.min(failures, 10)));
        }
        try {
            var unused = timer.schedule(this::register, pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.log(System.Logger.Level.DEBUG, "stopped", e);
        }
    }

    /** @param deregister whether the registration is removed. It must stay while transactions are in doubt */
    void stop(boolean deregister) {
        close();
        if (!deregister || !everRegistered) {
            return;
        }
        try {
            // A renewal that is under way would register the service again.
            if (timer.awaitTermination(STOP_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
                coordinator.deregister(identity.get().instance());
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.INFO, config.id() + " could not deregister: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
