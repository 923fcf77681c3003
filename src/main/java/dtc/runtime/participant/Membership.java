package dtc.runtime.participant;

import dtc.runtime.Backoff;
import dtc.runtime.Registration;
import dtc.runtime.Stages;
import dtc.runtime.Time;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Keeps a resource manager registered: registers it at startup, and renews the lease after a third of its duration. A
 * renewal also registers it with a coordinator that lost its registrations. Retries if the coordinator does not answer
 * or if another address holds the lease.
 */
public final class Membership {

    private static final Set<String> FEATURES = Set.of(
            Registration.ONE_PHASE,
            Registration.KEEP_ALIVE,
            Registration.BATCH,
            Registration.PREPARE_WITH_WRITES,
            Registration.CONDITIONS,
            Registration.CONTRACT_2);

    private final HostedParticipant participant;
    private final CoordinatorLink coordinator;
    private final Time time;
    private final Backoff backoff;
    private final Listener listener;

    private final AtomicBoolean started = new AtomicBoolean();
    private volatile boolean registered;
    private volatile boolean stopped;
    private volatile CompletionStage<?> pending = CompletableFuture.completedFuture(null);

    public interface Listener {
        /** Registered for the first time, or after a failure. */
        void registered(String id);

        /** An attempt failed and will be retried. */
        void failed(String id, Throwable cause);
    }

    public Membership(
            HostedParticipant participant, CoordinatorLink coordinator, Time time, Backoff backoff, Listener listener) {
        this.participant = participant;
        this.coordinator = coordinator;
        this.time = time;
        this.backoff = backoff;
        this.listener = listener;
    }

    /** Registers, and renews from then on. Idempotent. */
    public void start() {
        if (started.compareAndSet(false, true)) {
            register(1);
        }
    }

    private void register(int attempt) {
        if (stopped) {
            return;
        }
        // Checked each time, so that a process does not renew the lease of a resource manager that it no longer serves.
        CompletionStage<Duration> answer = Stages.call(participant::identity)
                .thenCompose(identity -> Stages.call(() -> coordinator.register(
                        participant.id(), identity.instance(), FEATURES, identity.newestEvicted())));
        pending = answer;
        answer.whenComplete((lease, failure) -> {
            if (failure == null) {
                if (attempt > 1 || !registered) {
                    listener.registered(participant.id());
                }
                registered = true;
                registerAfter(lease.dividedBy(3), 1);
            } else {
                listener.failed(participant.id(), Stages.unwrap(failure));
                registerAfter(backoff.pause(attempt), attempt + 1);
            }
        });
    }

    private void registerAfter(Duration pause, int attempt) {
        time.after(pause, () -> register(attempt));
    }

    /** Whether it was registered at least once. */
    public boolean isRegistered() {
        return registered;
    }

    /** Stops renewing and deregisters. */
    public CompletionStage<?> deregister() {
        stopped = true;
        // Wait for a pending renewal, which would otherwise register it again.
        return pending.handle((_, _) -> true)
                .thenCompose(_ -> Stages.call(() -> coordinator.deregister(participant.id(), participant.instance())));
    }
}
