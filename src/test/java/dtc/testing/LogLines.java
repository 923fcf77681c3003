package dtc.testing;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jboss.logmanager.formatters.PatternFormatter;

/**
 * Captures what is logged under a name until it is closed. Other tests run in the same JVM at the same time, so what
 * their threads log is not captured.
 */
public final class LogLines extends Handler implements AutoCloseable {

    /** The names of the threads of JUnit begin with this. */
    private static final String TEST_THREADS = "ForkJoinPool-";

    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Logger logger;
    private final Predicate<Thread> captured;

    /**
     * Captures what the thread of the test logs.
     *
     * @param name a logger
     */
    public LogLines(String name) {
        this(name, Thread.currentThread()::equals);
    }

    /**
     * Captures what the application logs on its threads.
     *
     * @param name a logger; empty for all
     */
    public static LogLines ofApplication(String name) {
        return new LogLines(name, thread -> !thread.getName().startsWith(TEST_THREADS));
    }

    private LogLines(String name, Predicate<Thread> captured) {
        this.captured = captured;
        logger = Logger.getLogger(name);
        logger.addHandler(this);
        setLevel(Level.INFO);
    }

    /** Each as {@code LEVEL message}. */
    public List<String> lines() {
        return List.copyOf(lines);
    }

    /** Returns the lines since the last call. */
    public List<String> take() {
        List<String> taken = List.copyOf(lines);
        lines.clear();
        return taken;
    }

    @Override
    public void publish(LogRecord line) {
        if (captured.test(Thread.currentThread())) {
            lines.add(new PatternFormatter("%p %s").format(line));
        }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        logger.removeHandler(this);
    }
}
