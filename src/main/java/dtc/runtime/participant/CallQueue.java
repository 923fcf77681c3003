package dtc.runtime.participant;

import java.util.ArrayDeque;
import java.util.Queue;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Calls that are made one at a time, in their order, without a lock of the owner. A call may add others. Thread-safe.
 */
final class CallQueue {

    private static final Logger LOG = Logger.getLogger(CallQueue.class);

    private final Queue<Runnable> calls = new ArrayDeque<>();
    private boolean running;

    synchronized void add(Runnable call) {
        calls.add(call);
    }

    /** Makes all calls, unless they are being made already. */
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
