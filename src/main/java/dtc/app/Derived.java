package dtc.app;

import io.smallrye.config.ConfigValue;
import org.jspecify.annotations.Nullable;

/** Settings of Quarkus that follow from something else. What an operator sets counts more. */
final class Derived {

    private Derived() {}

    /**
     * What is set, or what follows where nothing is but a default.
     *
     * @param from what it follows from, for those who ask where a value comes from
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
