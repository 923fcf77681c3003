package dtc.app;

import dtc.security.AuthenticationPolicy;
import io.smallrye.config.ConfigSourceInterceptor;
import io.smallrye.config.ConfigSourceInterceptorContext;
import io.smallrye.config.ConfigValue;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Derives Quarkus settings from whether callers must present tokens. A value that an operator configures takes
 * precedence.
 */
public final class SecurityDefaults implements ConfigSourceInterceptor {

    private static final long serialVersionUID = 1;

    /**
     * Whether {@code /q} has its own port. By default it has one if callers must present tokens, because probes and
     * scrapers have none. Otherwise it uses the main port, so that several processes on one machine do not need the
     * same second port.
     */
    static final String MANAGEMENT_PORT = "quarkus.management.host-enabled";

    /** If this is true and no issuer is configured, Quarkus does not start. */
    private static final String OIDC_ENABLED = "quarkus.oidc.tenant-enabled";

    static final String ISSUER = "quarkus.oidc.auth-server-url";

    @Override
    public @Nullable ConfigValue getValue(ConfigSourceInterceptorContext context, String name) {
        ConfigValue value = context.proceed(name);
        return switch (name) {
            case MANAGEMENT_PORT -> unlessSet(value, name, requiresTokens(context));
            case OIDC_ENABLED -> unlessSet(value, name, requiresTokens(context) && text(context, ISSUER) != null);
            default -> value;
        };
    }

    private static ConfigValue unlessSet(@Nullable ConfigValue set, String name, boolean derived) {
        return Derived.unlessSet(set, name, Boolean.toString(derived), "dtc.security.mode");
    }

    private static boolean requiresTokens(ConfigSourceInterceptorContext context) {
        String configured = text(context, "dtc.security.mode");
        AuthenticationPolicy.Mode mode = AuthenticationPolicy.mode(
                // An invalid mode is reported when the configuration is read.
                Arrays.stream(AuthenticationPolicy.Mode.values())
                        .filter(value -> value.name().equalsIgnoreCase(configured))
                        .findFirst()
                        .orElse(null),
                String.valueOf(text(context, "quarkus.http.host")),
                text(context, ISSUER) != null);
        return mode == AuthenticationPolicy.Mode.OIDC;
    }

    private static @Nullable String text(ConfigSourceInterceptorContext context, String name) {
        ConfigValue value = context.restart(name);
        return value == null || value.getValue() == null || value.getValue().isBlank() ? null : value.getValue();
    }
}
