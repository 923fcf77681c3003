package dtc.app;

import io.vertx.core.Context;
import io.vertx.core.Vertx;

/**
 * Schedules tasks on event loops. In one turn, an event loop handles all ready connections and then runs the tasks that
 * were queued in the meantime.
 */
final class EventLoop {

    private EventLoop() {}

    /** Runs the task at the end of the current turn. Runs it immediately if the caller is not on an event loop. */
    static void atEndOfTurn(Runnable task) {
        Context loop = Vertx.currentContext();
        if (loop == null) {
            task.run();
        } else {
            loop.runOnContext(_ -> task.run());
        }
    }
}
