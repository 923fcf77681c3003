package dtc.runtime;

import dtc.protocol.TransactionId;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
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

    /**
     * Tells a commit again after the pause that follows {@code tries} tries, or when the resource manager is back.
     *
     * @return the pause
     */
    Duration commit(String resourceManager, TransactionId id, int tries, Supplier<CompletionStage<?>> attempt) {
        Duration pause = backoff.pause(tries);
        lane(resourceManager).sleep(new Sleeper(id, attempt, true), pause);
        return pause;
    }

    /**
     * Likewise for a rollback; where too many wait, it is dropped.
     *
     * @return the pause; null where it is dropped
     */
    @Nullable
    Duration rollback(String resourceManager, TransactionId id, int tries, Supplier<CompletionStage<?>> attempt) {
        Duration pause = backoff.pause(tries);
        return lane(resourceManager).sleep(new Sleeper(id, attempt, false), pause) ? pause : null;
    }

    /** Tells a commit when the resource manager is back, however long that takes. */
    void park(String resourceManager, TransactionId id, Supplier<CompletionStage<?>> attempt) {
        lane(resourceManager).sleep(new Sleeper(id, attempt, true), null);
    }

    /**
     * No need to wait any longer: it is back, or somebody says so.
     *
     * @return how many messages waited
     */
    int resume(String resourceManager) {
        return resume(resourceManager, _ -> true);
    }

    /** Likewise, for the messages of one transaction. */
    int resume(String resourceManager, TransactionId id) {
        return resume(resourceManager, sleeper -> sleeper.id.equals(id));
    }

    private int resume(String resourceManager, Predicate<Sleeper> which) {
        Lane lane = lanes.get(resourceManager);
        return lane == null ? 0 : lane.wake(which);
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
        private final TransactionId id;
        private final Supplier<CompletionStage<?>> attempt;
        private final boolean isCommit;
        private Time.@Nullable Timer timer;

        private Sleeper(TransactionId id, Supplier<CompletionStage<?>> attempt, boolean isCommit) {
            this.id = id;
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

        /** Until the pause is over; without one, until it is woken. False where it is dropped. */
        private synchronized boolean sleep(Sleeper sleeper, @Nullable Duration pause) {
            if (!sleeper.isCommit) {
                if (rollbacksWaiting >= rollbacksMax) {
                    return false;
                }
                rollbacksWaiting++;
            }
            sleeping.add(sleeper);
            if (pause != null) {
                sleeper.timer = time.after(pause, () -> wake(sleeper));
            }
            return true;
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

        private int wake(Predicate<Sleeper> which) {
            List<Sleeper> woken;
            synchronized (this) {
                woken = sleeping.stream().filter(which).toList();
                for (Sleeper sleeper : woken) {
                    if (sleeper.timer != null) {
                        sleeper.timer.cancel();
                    }
                    sleeping.remove(sleeper);
                    ready(sleeper);
                }
            }
            run();
            return woken.size();
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
