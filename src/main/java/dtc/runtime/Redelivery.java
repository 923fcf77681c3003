package dtc.runtime;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Messages of phase two that were not acknowledged and go out again after a pause. Each resource manager has a lane of
 * its own, so that a slow one delays nobody else's, and a bounded number under way, so that one that comes back is not
 * flooded. Commits go before rollbacks. The commits that wait are bounded by the transactions in flight; of rollbacks
 * those beyond a number are dropped, since a participant that is owed one asks by itself.
 */
final class Redelivery {

    private final Time time;
    private final Backoff backoff;
    private final int underWayMax;
    private final int rollbacksMax;
    private final Map<String, Lane> lanes = new ConcurrentHashMap<>();

    Redelivery(Time time, Backoff backoff, int underWayMax, int rollbacksMax) {
        this.time = time;
        this.backoff = backoff;
        this.underWayMax = underWayMax;
        this.rollbacksMax = rollbacksMax;
    }

    /** Tells a commit again after the pause that follows {@code tries} tries, or when the resource manager is back. */
    void commit(String resourceManager, int tries, Supplier<CompletionStage<?>> attempt) {
        lane(resourceManager).sleep(new Sleeper(attempt, true), backoff.pause(tries));
    }

    /** Likewise for a rollback; where too many wait, it is dropped. */
    void rollback(String resourceManager, int tries, Supplier<CompletionStage<?>> attempt) {
        lane(resourceManager).sleep(new Sleeper(attempt, false), backoff.pause(tries));
    }

    /** Tells a commit when the resource manager is back, however long that takes. */
    void park(String resourceManager, Supplier<CompletionStage<?>> attempt) {
        lane(resourceManager).sleep(new Sleeper(attempt, true), null);
    }

    /** It is back: no need to wait any longer. */
    void resume(String resourceManager) {
        Lane lane = lanes.get(resourceManager);
        if (lane != null) {
            lane.wakeAll();
        }
    }

    /** How many messages wait for this resource manager or are under way again. */
    int backlog(String resourceManager) {
        Lane lane = lanes.get(resourceManager);
        return lane == null ? 0 : lane.size();
    }

    /** Lanes stay: there are as many as there were ids of resource managers with something undelivered. */
    private Lane lane(String resourceManager) {
        return lanes.computeIfAbsent(resourceManager, _ -> new Lane());
    }

    private static final class Sleeper {
        private final Supplier<CompletionStage<?>> attempt;
        private final boolean isCommit;
        private Time.@Nullable Timer timer;

        private Sleeper(Supplier<CompletionStage<?>> attempt, boolean isCommit) {
            this.attempt = attempt;
            this.isCommit = isCommit;
        }
    }

    private final class Lane {
        private final Set<Sleeper> sleeping = new LinkedHashSet<>();
        private final Queue<Sleeper> commits = new ArrayDeque<>();
        private final Queue<Sleeper> rollbacks = new ArrayDeque<>();
        private int rollbacksWaiting;
        private int underWay;
        private boolean running;

        private synchronized int size() {
            return sleeping.size() + commits.size() + rollbacks.size() + underWay;
        }

        /** Until the pause is over; without one, until it is woken. */
        private synchronized void sleep(Sleeper sleeper, @Nullable Duration pause) {
            if (!sleeper.isCommit) {
                if (rollbacksWaiting >= rollbacksMax) {
                    return;
                }
                rollbacksWaiting++;
            }
            sleeping.add(sleeper);
            if (pause != null) {
                sleeper.timer = time.after(pause, () -> wake(sleeper));
            }
        }

        private void wake(Sleeper sleeper) {
            synchronized (this) {
                if (!sleeping.remove(sleeper)) {
                    return;
                }
                ready(sleeper);
            }
            run();
        }

        private void wakeAll() {
            synchronized (this) {
                for (Sleeper sleeper : sleeping) {
                    if (sleeper.timer != null) {
                        sleeper.timer.cancel();
                    }
                    ready(sleeper);
                }
                sleeping.clear();
            }
            run();
        }

        private void ready(Sleeper sleeper) {
            (sleeper.isCommit ? commits : rollbacks).add(sleeper);
        }

        /** One thread at a time: a try may end before it returns, and must not begin the next one from within. */
        private void run() {
            synchronized (this) {
                if (running) {
                    return;
                }
                running = true;
            }
            for (Sleeper next = next(); next != null; next = next()) {
                attempt(next);
            }
        }

        private synchronized @Nullable Sleeper next() {
            Sleeper next = underWay >= underWayMax ? null : commits.isEmpty() ? rollbacks.poll() : commits.remove();
            if (next == null) {
                running = false;
                return null;
            }
            underWay++;
            if (!next.isCommit) {
                rollbacksWaiting--;
            }
            return next;
        }

        private void attempt(Sleeper sleeper) {
            CompletableFuture.completedStage(null)
                    .thenCompose(_ -> sleeper.attempt.get())
                    .whenComplete((_, failure) -> {
                        synchronized (this) {
                            underWay--;
                        }
                        if (failure != null) {
                            // A fault of ours must not be the end of a delivery.
                            sleep(sleeper, backoff.cap());
                        }
                        run();
                    });
        }
    }
}
