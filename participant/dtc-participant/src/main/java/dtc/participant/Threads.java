package dtc.participant;

import java.util.concurrent.ThreadFactory;

/** Threads that do not keep the process alive. */
final class Threads {

    private Threads() {}

    static ThreadFactory daemons(String name) {
        return task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
    }
}
