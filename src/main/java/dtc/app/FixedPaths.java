package dtc.app;

import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jspecify.annotations.Nullable;

/**
 * Refuses to start if a path is configured that the build has fixed. Quarkus warns, and goes on with the path of the
 * build, so that clients and probes find nothing at the configured one.
 */
@Singleton
final class FixedPaths {

    private static final List<String> KEYS =
            List.of("quarkus.http.root-path", "quarkus.http.non-application-root-path", "quarkus.management.root-path");

    private final Config config;

    FixedPaths(Config config) {
        this.config = config;
    }

    void check(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event) {
        for (String key : KEYS) {
            String built = segments(config.getConfigValue(key).getValue());
            for (ConfigSource source : config.getConfigSources()) {
                String configured = source.getValue(key);
                if (configured != null
                        && !configured.isBlank()
                        && !segments(configured).equals(built)) {
                    throw new ConfigurationException(String.format(
                            Locale.ROOT,
                            "Not started: %s (%s) is '%s', but paths are fixed when the application is built. Unset it."
                                    + " To serve under a prefix, let a proxy remove the prefix from the path and send it"
                                    + " in the header X-Forwarded-Prefix.",
                            key,
                            key.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_"),
                            configured));
                }
            }
        }
    }

    /** The path without slashes at its ends, which mean nothing here. */
    private static String segments(@Nullable String path) {
        return Objects.requireNonNullElse(path, "").strip().replaceAll("^/+|/+$", "");
    }
}
