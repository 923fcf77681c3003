package dtc.app;

import io.quarkus.runtime.ImageMode;
import io.smallrye.config.ConfigSourceInterceptor;
import io.smallrye.config.ConfigSourceInterceptorContext;
import io.smallrye.config.ConfigValue;
import org.jspecify.annotations.Nullable;

/**
 * Sets the default number of event loops to half the number of processors. Passing work between event loops costs more
 * than the work itself, and the garbage collector, the log and co-located resource managers also need processors. A
 * native image has at least two, because it resolves names on an event loop, which blocks that loop.
 */
public final class EventLoopDefaults implements ConfigSourceInterceptor {

    private static final long serialVersionUID = 1;

    public static final String EVENT_LOOPS = "quarkus.vertx.event-loops-pool-size";

    /** Returns the default number of event loops on this machine. */
    public static int count() {
        return count(Runtime.getRuntime().availableProcessors(), ImageMode.current());
    }

    static int count(int processors, ImageMode mode) {
        return Math.max(mode == ImageMode.NATIVE_RUN ? 2 : 1, processors / 2);
    }

    @Override
    public @Nullable ConfigValue getValue(ConfigSourceInterceptorContext context, String name) {
        ConfigValue value = context.proceed(name);
        return name.equals(EVENT_LOOPS)
                ? Derived.unlessSet(value, name, Integer.toString(count()), "processors")
                : value;
    }
}
