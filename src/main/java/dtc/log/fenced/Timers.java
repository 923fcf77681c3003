package dtc.log.fenced;

import java.time.Duration;

/** Timers. Simulated in tests. */
@FunctionalInterface
public interface Timers {

    /** Runs an action once, after a delay. The action does not block. */
    void after(Duration delay, Runnable action);
}
