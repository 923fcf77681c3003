package dtc.app;

import io.smallrye.config.ConfigSourceInterceptor;
import io.smallrye.config.ConfigSourceInterceptorContext;
import io.smallrye.config.ConfigValue;
import org.jspecify.annotations.Nullable;

/**
 * Half as many event loops as processors, where an operator does not say how many: what passes from one loop to another
 * costs more than what is done, and the collector, the log and the resource managers beside want processors too.
 */
public final class EventLoopDefaults implements ConfigSourceInterceptor {

    private static final long serialVersionUID = 1;

    public static final String EVENT_LOOPS = "quarkus.vertx.event-loops-pool-size";

    /** How many, on this machine. */
    public static int count() {
        return Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    }

    @Override
    public @Nullable ConfigValue getValue(ConfigSourceInterceptorContext context, String name) {
        ConfigValue value = context.proceed(name);
        return name.equals(EVENT_LOOPS)
                ? Derived.unlessSet(value, name, Integer.toString(count()), "processors")
                : value;
    }
}
