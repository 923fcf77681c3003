package dtc.app;

import dtc.security.Exposure;
import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jspecify.annotations.Nullable;

/** Defaults of Quarkus that follow from whether security is on, and from who can call. */
public final class SecurityDefaults implements ConfigSourceFactory {

    static final String ISSUER = "quarkus.oidc.auth-server-url";
    static final String PUBLIC_KEY = "quarkus.oidc.public-key";

    /** Below whatever a person sets, above the defaults. */
    private static final int ORDINAL = 50;

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        String set = value(context, "quarkus.http.host");
        String host = set == null ? "0.0.0.0" : set;
        String asked = value(context, "dtc.security.mode");
        boolean hasIssuer = value(context, ISSUER) != null || value(context, PUBLIC_KEY) != null;
        boolean checksTokens = hasIssuer
                && Exposure.mode(
                                asked == null ? null : Exposure.Mode.valueOf(asked.toUpperCase(Locale.ROOT)),
                                host,
                                true)
                        == Exposure.Mode.OIDC;
        boolean asksForCertificates = "required".equalsIgnoreCase(value(context, "dtc.security.client-certificates"));
        return List.of(new PropertiesConfigSource(
                Map.of(
                        "quarkus.oidc.tenant-enabled", Boolean.toString(checksTokens),
                        // What operators look at has a port of its own, unless only this machine can look.
                        "quarkus.management.host-enabled", Boolean.toString(!Exposure.isLoopback(host)),
                        // Or else the certificate could be left out by leaving out TLS.
                        "quarkus.http.insecure-requests", asksForCertificates ? "disabled" : "enabled"),
                "dtc.security",
                ORDINAL));
    }

    private static @Nullable String value(ConfigSourceContext context, String name) {
        ConfigValue value = context.getValue(name);
        return value == null || value.getValue() == null || value.getValue().isBlank() ? null : value.getValue();
    }
}
