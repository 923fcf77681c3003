package dtc.app;

import io.vertx.core.Context;
import io.vertx.core.Vertx;

/**
 * An event loop looks at all connections that have something, then runs what it was given meanwhile: that is a turn.
 */
final class EventLoop {

    private EventLoop() {}

    /** Runs it once what is at hand has been dealt with; at once, where no event loop is the caller. */
    static void atEndOfTurn(Runnable task) {
        Context loop = Vertx.currentContext();
        if (loop == null) {
            task.run();
        } else {
            loop.runOnContext(_ -> task.run());
        }
    }
}
