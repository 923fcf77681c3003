package dtc.runtime;

import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Messages of phase two that were not acknowledged and go out again after a pause. Each resource manager has a lane of
 * its own, so that a slow one delays nobody else's, and a bounded number under way, so that one that comes back is not
 * flooded. The number that waits is bounded by the transactions in flight.
 */
final class Redelivery {

    private final Time time;
    private final Backoff backoff;
    private final int underWayMax;
    private final Map<String, Lane> lanes = new ConcurrentHashMap<>();

    Redelivery(Time time, Backoff backoff, int underWayMax) {
        this.time = time;
        this.backoff = backoff;
        this.underWayMax = underWayMax;
    }

    /**
     * Makes the try after the pause that {@code tries} tries before it ask for, or when the resource manager is back.
     */
    void schedule(String resourceManager, int tries, Supplier<CompletionStage<?>> attempt) {
        Lane lane = lanes.computeIfAbsent(resourceManager, _ -> new Lane());
        lane.sleep(new Sleeper(attempt), backoff, tries);
    }

    /** Makes the try when the resource manager is back, however long that takes. */
    void park(String resourceManager, Supplier<CompletionStage<?>> attempt) {
        lanes.computeIfAbsent(resourceManager, _ -> new Lane()).park(new Sleeper(attempt));
    }

    /** It is back: no need to wait any longer. */
    void resume(String resourceManager) {
        Lane lane = lanes.get(resourceManager);
        if (lane != null) {
            lane.wakeAll();
        }
    }

    private static final class Sleeper {
        private final Supplier<CompletionStage<?>> attempt;
        private Time.@Nullable Timer timer;

        private Sleeper(Supplier<CompletionStage<?>> attempt) {
            this.attempt = attempt;
        }
    }

    private final class Lane {
        private final Set<Sleeper> sleeping = new LinkedHashSet<>();
        private final Queue<Sleeper> ready = new ArrayDeque<>();
        private int underWay;

        private synchronized void sleep(Sleeper sleeper, Backoff pauses, int tries) {
            sleeping.add(sleeper);
            sleeper.timer = time.after(pauses.pause(tries), () -> wake(sleeper));
        }

        private synchronized void park(Sleeper sleeper) {
            sleeping.add(sleeper);
        }

        private void wake(Sleeper sleeper) {
            synchronized (this) {
                if (!sleeping.remove(sleeper)) {
                    return;
                }
                ready.add(sleeper);
            }
            run();
        }

        private void wakeAll() {
            synchronized (this) {
                for (Sleeper sleeper : sleeping) {
                    if (sleeper.timer != null) {
                        sleeper.timer.cancel();
                    }
                    ready.add(sleeper);
                }
                sleeping.clear();
            }
            run();
        }

        private void run() {
            while (true) {
                Sleeper next;
                synchronized (this) {
                    if (underWay >= underWayMax || ready.isEmpty()) {
                        return;
                    }
                    next = ready.remove();
                    underWay++;
                }
                next.attempt.get().whenComplete((_, _) -> {
                    synchronized (this) {
                        underWay--;
                    }
                    run();
                });
            }
        }
    }
}
