package dtc.app;

import dtc.rest.VoteCaller;
import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.ConfigSourceInterceptor;
import io.smallrye.config.ConfigSourceInterceptorContext;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.Priorities;
import jakarta.annotation.Priority;
import org.jspecify.annotations.Nullable;

/**
 * Sets the fault-tolerance timeout of prepare, which is in milliseconds, from the duration {@code dtc.prepare-timeout}.
 * A timeout that an operator configures directly takes precedence. Runs after the Quarkus interceptor that maps
 * MicroProfile property names to these names.
 */
@Priority(Priorities.LIBRARY)
public final class PrepareTimeoutConfig implements ConfigSourceInterceptor {

    private static final long serialVersionUID = 1;

    private static final String TIMEOUT = "dtc.prepare-timeout";

    static final String ALONE = property("prepare");
    private static final String BATCH = property("sendBatch");

    @Override
    public @Nullable ConfigValue getValue(ConfigSourceInterceptorContext context, String name) {
        ConfigValue value = context.proceed(name);
        if (!name.equals(ALONE) && !name.equals(BATCH)) {
            return value;
        }
        ConfigValue timeout = context.restart(TIMEOUT);
        return timeout == null || timeout.getValue() == null
                ? value
                : Derived.unlessSet(value, name, millis(timeout.getValue()), TIMEOUT);
    }

    private static String millis(String duration) {
        return Long.toString(new DurationConverter().convert(duration).toMillis());
    }

    private static String property(String method) {
        return "quarkus.fault-tolerance.\"%s/%s\".timeout.value".formatted(VoteCaller.class.getName(), method);
    }
}
