package dtc.app;

import com.sun.management.UnixOperatingSystemMXBean;
import io.smallrye.config.ConfigSourceInterceptor;
import io.smallrye.config.ConfigSourceInterceptorContext;
import io.smallrye.config.ConfigValue;
import java.lang.management.ManagementFactory;
import org.jspecify.annotations.Nullable;

/**
 * Sets the default limit of accepted connections below the limit of open files. Otherwise clients could use up all
 * descriptors, and the process could neither accept further connections nor open files of its log.
 */
public final class ConnectionDefaults implements ConfigSourceInterceptor {

    private static final long serialVersionUID = 1;

    static final String CONNECTIONS = "quarkus.http.limits.max-connections";

    /** With fewer descriptors, the limit of connections is low, and a warning is logged at the start. */
    static final long FILES_RECOMMENDED = 4_096;

    private static final long CONNECTIONS_MAX = 50_000;
    private static final long CONNECTIONS_MIN = 16;
    /**
     * For the fewest accepted connections, as many to resource managers, new files of the log, and libraries that are
     * used later.
     */
    private static final long FILES_FREE_MIN = 64;
    /** For libraries and the log. */
    private static final long FILES_RESERVED = 400;

    /** Returns how many files and connections this process may open. */
    static long filesMax() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
                ? system.getMaxFileDescriptorCount()
                : Long.MAX_VALUE;
    }

    /** Returns how many files and connections this process has open. */
    static long filesOpen() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
                ? system.getOpenFileDescriptorCount()
                : 0;
    }

    /** Returns why the process cannot work with this limit; null if it can. Its libraries alone need many files. */
    static @Nullable String tooFewFiles(long filesMax, long filesOpen) {
        return filesMax - filesOpen >= FILES_FREE_MIN
                ? null
                : "the limit of open files is " + filesMax + ", and " + filesOpen + " are open already. Set it to "
                        + FILES_RECOMMENDED + " or more (ulimit -n)";
    }

    /**
     * Returns the default number of connections. The other half of the descriptors is for connections to resource
     * managers.
     */
    static long connections(long filesMax) {
        long available = Math.min((filesMax - FILES_RESERVED) / 2, HeapDefaults.connectionsMax());
        return Math.clamp(available, CONNECTIONS_MIN, CONNECTIONS_MAX);
    }

    @Override
    public @Nullable ConfigValue getValue(ConfigSourceInterceptorContext context, String name) {
        ConfigValue value = context.proceed(name);
        return name.equals(CONNECTIONS)
                ? Derived.unlessSet(value, name, Long.toString(connections(filesMax())), "limit of open files")
                : value;
    }
}
