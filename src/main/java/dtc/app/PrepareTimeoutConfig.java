package dtc.app;

import dtc.rest.VoteCaller;
import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.eclipse.microprofile.config.spi.Converter;

/** Gives {@code dtc.prepare-timeout}, a duration, to the fault tolerance of prepare, which takes milliseconds. */
public final class PrepareTimeoutConfig implements ConfigSourceFactory {

    /** Below whatever a person sets, above the defaults. */
    private static final int ORDINAL = 50;

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        ConfigValue value = context.getValue("dtc.prepare-timeout");
        if (value == null || value.getValue() == null) {
            return List.of();
        }
        Converter<Duration> converter = new io.quarkus.runtime.configuration.DurationConverter();
        long millis = converter.convert(value.getValue()).toMillis();
        return List.of(new PropertiesConfigSource(
                Map.of(property("prepare"), Long.toString(millis), property("together"), Long.toString(millis)),
                "dtc.prepare-timeout",
                ORDINAL));
    }

    private static String property(String method) {
        return "quarkus.fault-tolerance.\"%s/%s\".timeout.value".formatted(VoteCaller.class.getName(), method);
    }
}
