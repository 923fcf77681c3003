package dtc.app;

import dtc.security.Exposure;
import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jspecify.annotations.Nullable;

/** Settings of Quarkus that follow from whether callers must show tokens. What an operator sets counts more. */
public final class SecurityDefaults implements ConfigSourceFactory {

    /**
     * Whether {@code /q} has a port of its own: where callers must show tokens, since probes and scrapers have none.
     * Elsewhere one port does for all, so that several processes of one machine do not want the same second one.
     */
    static final String MANAGEMENT_PORT = "quarkus.management.host-enabled";

    /** Without this and an issuer, Quarkus's own part does not start. */
    private static final String CHECKS_TOKENS = "quarkus.oidc.tenant-enabled";

    static final String ISSUER = "quarkus.oidc.auth-server-url";

    /** Below whatever a person sets, above the defaults. */
    private static final int ORDINAL = 50;

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        String asked = value(context, "dtc.security.mode");
        boolean hasIssuer = value(context, ISSUER) != null;
        Exposure.Mode mode = Exposure.mode(
                // What is no mode is reported where the configuration is read.
                Arrays.stream(Exposure.Mode.values())
                        .filter(one -> one.name().equalsIgnoreCase(asked))
                        .findFirst()
                        .orElse(null),
                String.valueOf(value(context, "quarkus.http.host")),
                hasIssuer);
        boolean asksForTokens = mode == Exposure.Mode.OIDC;
        return List.of(new PropertiesConfigSource(
                Map.of(
                        MANAGEMENT_PORT, Boolean.toString(asksForTokens),
                        CHECKS_TOKENS, Boolean.toString(asksForTokens && hasIssuer)),
                "dtc.security.mode",
                ORDINAL));
    }

    /** After all others, files named by the environment among them. */
    @Override
    public OptionalInt getPriority() {
        return OptionalInt.of(Integer.MIN_VALUE);
    }

    private static @Nullable String value(ConfigSourceContext context, String name) {
        ConfigValue value = context.getValue(name);
        return value == null || value.getValue() == null || value.getValue().isBlank() ? null : value.getValue();
    }
}
