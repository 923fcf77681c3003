package dtc.runtime;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Halts the process if heap or direct memory runs out. After an {@link OutOfMemoryError} any thread may have failed at
 * any point, so the state of the process is unknown. The decision log is not affected.
 *
 * <p>The JVM option ExitOnOutOfMemoryError does not cover direct memory, and an operator may not have set it. Libraries
 * catch errors of tasks and log them, so log records are checked too.
 */
public final class OutOfMemory {

    /** The same exit code as that of the JVM option. */
    private static final int EXIT_CODE = 3;

    private static final int CAUSES_MAX = 20;

    // Encoded in advance, because no memory may be left.
    private static final byte[] HEAP_MESSAGE =
            "FATAL: out of memory, the process is halted. Increase the heap (-Xmx), or reduce the configured limits\n"
                    .getBytes(StandardCharsets.UTF_8);
    private static final byte[] OTHER_MESSAGE =
            "FATAL: out of memory (direct memory), the process is halted. Increase -XX:MaxDirectMemorySize, or reduce the configured limits\n"
                    .getBytes(StandardCharsets.UTF_8);

    private static final FileOutputStream ERR = new FileOutputStream(FileDescriptor.err);

    private OutOfMemory() {}

    /** Checks all uncaught and all logged exceptions. Must be called after logging is configured. */
    public static void watch() {
        Thread.UncaughtExceptionHandler others = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
            check(failure);
            if (others == null) {
                Logger.getLogger(OutOfMemory.class.getName()).severe(thread.getName() + " ended: " + failure);
            } else {
                others.uncaughtException(thread, failure);
            }
        });
        Logger.getLogger("").addHandler(new LogWatcher());
    }

    /** Halts the process if the failure is, or was caused by, an {@link OutOfMemoryError}. */
    public static void check(@Nullable Throwable failure) {
        Throwable cause = failure;
        for (int i = 0; cause != null && i < CAUSES_MAX; i++) {
            if (cause instanceof OutOfMemoryError) {
                halt(isHeap(cause) ? HEAP_MESSAGE : OTHER_MESSAGE);
            }
            cause = cause.getCause();
        }
    }

    /** Netty throws a subclass for direct memory; the message of the JVM names the kind of memory. */
    private static boolean isHeap(Throwable error) {
        String message = error.getMessage();
        return error.getClass() == OutOfMemoryError.class && message != null && message.contains("heap");
    }

    private static void halt(byte[] message) {
        try {
            ERR.write(message);
        } catch (IOException _) {
            // the exit code also shows it
        } finally {
            Runtime.getRuntime().halt(EXIT_CODE);
        }
    }

    private static final class LogWatcher extends Handler {
        @Override
        public void publish(LogRecord record) {
            check(record.getThrown());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
