package dtc.bench.system;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;
import org.jspecify.annotations.Nullable;

/** A JVM that is measured from outside, without changes to the code that it runs. */
public final class JavaProcess implements AutoCloseable {

    private static final Duration END_MAX = Duration.ofMinutes(2);

    /** Without periodic checks, which would cost CPU time and log an error for a process that was killed. */
    private static final Map<String, Long> WITHOUT_CHECKS = Map.of("jmx.remote.x.client.connection.check.period", 0L);

    private final String name;
    private final Process process;
    private final Path output;
    private final Map<Path, Long> threadNanos = new HashMap<>();
    private long cpuNanos;
    private @Nullable MBeanServerConnection management;

    JavaProcess(String name, Process process, Path output) {
        this.name = name;
        this.process = process;
        this.output = output;
    }

    /** Fails if it has ended. */
    void mustLive() {
        if (!process.isAlive()) {
            throw new IllegalStateException(
                    String.format(Locale.ROOT, "%s ended with %d, see %s", name, process.exitValue(), output));
        }
    }

    /**
     * CPU time used so far, user and system. The kernel counts the time of a whole process in steps of 10 ms, but that
     * of each thread in nanoseconds. A thread that ends between two calls is counted up to the first one.
     */
    public double cpuSeconds() {
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(process.pid()), "task"))) {
            for (Path thread : threads.toList()) {
                long nanos = cpuNanos(thread);
                cpuNanos += nanos - threadNanos.getOrDefault(thread, 0L);
                threadNanos.put(thread, nanos);
            }
            return cpuNanos / 1e9;
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }

    private long cpuNanos(Path thread) {
        try {
            String text = Files.readString(thread.resolve("schedstat"));
            return Long.parseLong(text.substring(0, text.indexOf(' ')));
        } catch (IOException ended) {
            return threadNanos.getOrDefault(thread, 0L);
        }
    }

    /** Bytes allocated so far by all threads, living and dead. */
    public long allocatedBytes() {
        try {
            return (Long) management()
                    .getAttribute(new ObjectName(ManagementFactory.THREAD_MXBEAN_NAME), "TotalThreadAllocatedBytes");
        } catch (JMException | IOException unreachable) {
            throw new IllegalStateException("no management of " + name, unreachable);
        }
    }

    /** Bytes of heap in use right after a full collection. */
    public long liveBytes() {
        try {
            ObjectName memory = new ObjectName(ManagementFactory.MEMORY_MXBEAN_NAME);
            management().invoke(memory, "gc", null, null);
            return MemoryUsage.from((CompositeData) management().getAttribute(memory, "HeapMemoryUsage"))
                    .getUsed();
        } catch (JMException | IOException unreachable) {
            throw new IllegalStateException("no management of " + name, unreachable);
        }
    }

    /** Resident memory, from the kernel. */
    public long residentBytes() {
        try {
            return Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status")).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024)
                    .findFirst()
                    .orElseThrow();
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }

    // The address comes from a process that this one has started.
    @SuppressWarnings("BanJNDI")
    private MBeanServerConnection management() throws IOException {
        MBeanServerConnection connection = management;
        if (connection == null) {
            try {
                VirtualMachine machine = VirtualMachine.attach(Long.toString(process.pid()));
                String address = machine.startLocalManagementAgent();
                machine.detach();
                connection = JMXConnectorFactory.connect(new JMXServiceURL(address), WITHOUT_CHECKS)
                        .getMBeanServerConnection();
            } catch (AttachNotSupportedException refused) {
                throw new IOException(refused);
            }
            management = connection;
        }
        return connection;
    }

    /** Kills it. */
    @Override
    public void close() {
        process.destroyForcibly();
        awaitEnd();
    }

    /** Ends it normally, so that it can still write its AOT cache. */
    void stop() {
        process.destroy();
        awaitEnd();
    }

    private void awaitEnd() {
        try {
            if (!process.waitFor(END_MAX)) {
                throw new IllegalStateException(name + " does not end");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
