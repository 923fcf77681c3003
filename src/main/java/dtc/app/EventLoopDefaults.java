package dtc.app;

import io.quarkus.runtime.ImageMode;
import io.smallrye.config.ConfigSourceInterceptor;
import io.smallrye.config.ConfigSourceInterceptorContext;
import io.smallrye.config.ConfigValue;
import org.jspecify.annotations.Nullable;

/**
 * Half as many event loops as processors, where an operator does not say how many: what passes from one loop to another
 * costs more than what is done, and the collector, the log and the resource managers beside want processors too. A
 * native image has two at least: it looks names up on an event loop, and while one waits for an answer another goes on.
 */
public final class EventLoopDefaults implements ConfigSourceInterceptor {

    private static final long serialVersionUID = 1;

    public static final String EVENT_LOOPS = "quarkus.vertx.event-loops-pool-size";

    /** How many, on this machine. */
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
