package dtc.app;

import io.smallrye.config.ConfigValue;
import org.jspecify.annotations.Nullable;

/** Derives Quarkus settings from other settings. A value that an operator configures takes precedence. */
final class Derived {

    private Derived() {}

    /**
     * Returns the configured value, or the derived value if nothing but a default is configured.
     *
     * @param from the source that is reported for the derived value
     */
    static ConfigValue unlessSet(@Nullable ConfigValue set, String name, String derived, String from) {
        return set == null || set.isDefault()
                ? ConfigValue.builder()
                        .withName(name)
                        .withValue(derived)
                        .withConfigSourceName(from)
                        .build()
                : set;
    }
}
