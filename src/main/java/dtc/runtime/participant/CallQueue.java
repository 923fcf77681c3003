package dtc.runtime.participant;

import java.util.ArrayDeque;
import java.util.Queue;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Runs callbacks one at a time, in the order in which they were added, without holding a lock of the owner. A callback
 * may add others. Thread-safe.
 */
final class CallQueue {

    private static final Logger LOG = Logger.getLogger(CallQueue.class);

    private final Queue<Runnable> calls = new ArrayDeque<>();
    private boolean running;

    synchronized void add(Runnable call) {
        calls.add(call);
    }

    /** Runs all queued callbacks, unless another thread is already running them. */
    void run() {
        synchronized (this) {
            if (running) {
                return;
            }
            running = true;
        }
        for (Runnable next = next(); next != null; next = next()) {
            try {
                next.run();
            } catch (RuntimeException e) {
                LOG.error("unexpected failure", e);
            }
        }
    }

    private synchronized @Nullable Runnable next() {
        Runnable next = calls.poll();
        running = next != null;
        return next;
    }
}
