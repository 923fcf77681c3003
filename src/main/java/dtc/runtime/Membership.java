package dtc.runtime;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Keeps one resource manager registered: at start-up, again at a third of each lease, and again when the coordinator
 * forgot it, which is the same message. Where the coordinator cannot be reached, or another address still holds the
 * lease, it tries again.
 */
public final class Membership {

    private static final Set<String> FEATURES = Set.of(
            Registration.ONE_PHASE, Registration.KEEP_ALIVE, Registration.BATCH, Registration.PREPARE_WITH_WRITES);

    private final ResourceManager resourceManager;
    private final CoordinatorLink coordinator;
    private final Time time;
    private final Backoff retries;
    private final Listener listener;

    private final AtomicBoolean joined = new AtomicBoolean();
    private volatile boolean registered;
    private volatile boolean left;
    private volatile CompletionStage<?> underWay = CompletableFuture.completedFuture(null);

    /** Is told of the first success after a failure, and of each failure. */
    public interface Listener {
        void registered(String id);

        void failed(String id, Throwable why);
    }

    public Membership(
            ResourceManager resourceManager,
            CoordinatorLink coordinator,
            Time time,
            Backoff retries,
            Listener listener) {
        this.resourceManager = resourceManager;
        this.coordinator = coordinator;
        this.time = time;
        this.retries = retries;
        this.listener = listener;
    }

    /** Called again, does nothing. */
    public void join() {
        if (joined.compareAndSet(false, true)) {
            register(1);
        }
    }

    private void register(int tries) {
        if (left) {
            return;
        }
        CompletionStage<Duration> answer =
                Ports.call(() -> coordinator.register(resourceManager.id(), resourceManager.instance(), FEATURES));
        underWay = answer;
        answer.whenComplete((lease, failure) -> {
            if (failure == null) {
                if (tries > 1 || !registered) {
                    listener.registered(resourceManager.id());
                }
                registered = true;
                again(lease.dividedBy(3), 1);
            } else {
                listener.failed(resourceManager.id(), failure);
                again(retries.pause(tries), tries + 1);
            }
        });
    }

    private void again(Duration pause, int tries) {
        time.after(pause, () -> register(tries));
    }

    /** Whether it was registered at least once. */
    public boolean isRegistered() {
        return registered;
    }

    public CompletionStage<?> leave() {
        left = true;
        // After a renewal that is under way, which would register it again.
        return underWay.handle((_, _) -> true)
                .thenCompose(
                        _ -> Ports.call(() -> coordinator.leave(resourceManager.id(), resourceManager.instance())));
    }
}
