package dtc.app;

import dtc.security.Exposure;
import io.smallrye.config.ConfigSourceInterceptor;
import io.smallrye.config.ConfigSourceInterceptorContext;
import io.smallrye.config.ConfigValue;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Settings of Quarkus that follow from whether callers must show tokens. What an operator sets counts more. */
public final class SecurityDefaults implements ConfigSourceInterceptor {

    private static final long serialVersionUID = 1;

    /**
     * Whether {@code /q} has a port of its own: where callers must show tokens, since probes and scrapers have none.
     * Elsewhere one port does for all, so that several processes of one machine do not want the same second one.
     */
    static final String MANAGEMENT_PORT = "quarkus.management.host-enabled";

    /** With this and without an issuer, Quarkus does not start. */
    private static final String CHECKS_TOKENS = "quarkus.oidc.tenant-enabled";

    static final String ISSUER = "quarkus.oidc.auth-server-url";

    @Override
    public @Nullable ConfigValue getValue(ConfigSourceInterceptorContext context, String name) {
        ConfigValue value = context.proceed(name);
        return switch (name) {
            case MANAGEMENT_PORT -> unlessSet(value, name, asksForTokens(context));
            case CHECKS_TOKENS -> unlessSet(value, name, asksForTokens(context) && text(context, ISSUER) != null);
            default -> value;
        };
    }

    private static ConfigValue unlessSet(@Nullable ConfigValue set, String name, boolean derived) {
        return Derived.unlessSet(set, name, Boolean.toString(derived), "dtc.security.mode");
    }

    private static boolean asksForTokens(ConfigSourceInterceptorContext context) {
        String asked = text(context, "dtc.security.mode");
        Exposure.Mode mode = Exposure.mode(
                // What is no mode is reported where the configuration is read.
                Arrays.stream(Exposure.Mode.values())
                        .filter(one -> one.name().equalsIgnoreCase(asked))
                        .findFirst()
                        .orElse(null),
                String.valueOf(text(context, "quarkus.http.host")),
                text(context, ISSUER) != null);
        return mode == Exposure.Mode.OIDC;
    }

    private static @Nullable String text(ConfigSourceInterceptorContext context, String name) {
        ConfigValue value = context.restart(name);
        return value == null || value.getValue() == null || value.getValue().isBlank() ? null : value.getValue();
    }
}
