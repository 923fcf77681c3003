package dtc.security;

import io.quarkus.runtime.configuration.ConfigurationException;
import java.net.InetAddress;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Determines whether callers must authenticate. */
public final class AuthenticationPolicy {

    /** The values of {@code dtc.security.mode}. */
    public enum Mode {
        OIDC,
        NONE
    }

    /** Prevents the start with an insecure configuration. Only the message is printed; it says what to configure. */
    public static final class InsecureConfigurationException extends ConfigurationException {
        public InsecureConfigurationException(String message) {
            super(message);
        }
    }

    private AuthenticationPolicy() {}

    /**
     * Whether {@code host} is a loopback address. The only accepted name is {@code localhost}, because other names may
     * resolve differently later.
     */
    public static boolean isLoopback(String host) {
        String name = host.strip().toLowerCase(Locale.ROOT);
        if (name.equals("localhost")) {
            return true;
        }
        try {
            return InetAddress.ofLiteral(name).isLoopbackAddress();
        } catch (IllegalArgumentException _) {
            return false;
        }
    }

    /**
     * Returns the configured mode. If none is configured, the mode is {@code NONE} if the server binds to loopback and
     * no issuer is configured; otherwise {@code OIDC}.
     *
     * @param configured {@code dtc.security.mode}
     * @param host the address that the server binds to
     * @param hasIssuer whether a token issuer is configured
     */
    public static Mode mode(@Nullable Mode configured, String host, boolean hasIssuer) {
        if (configured != null) {
            return configured;
        }
        return isLoopback(host) && !hasIssuer ? Mode.NONE : Mode.OIDC;
    }

    /**
     * Whether security is off by default because the server binds to loopback. The host of each request must then be
     * checked, because a page can make a browser on this machine call this process under another name (DNS rebinding).
     *
     * @param configured {@code dtc.security.mode}
     */
    public static boolean isLoopbackOnly(@Nullable Mode configured, String host, boolean hasIssuer) {
        return configured == null && mode(null, host, hasIssuer) == Mode.NONE;
    }

    /**
     * Whether a request names this machine as its host. Browsers do not resolve names below {@code localhost} in DNS;
     * the owner of any other name can point it to this machine.
     *
     * @param host the {@code Host} header without the port
     */
    static boolean isLocalHost(String host) {
        String name = host.endsWith(".") ? host.substring(0, host.length() - 1) : host; // an absolute name
        return isLoopback(name) || name.toLowerCase(Locale.ROOT).endsWith(".localhost");
    }

    /** Throws {@link InsecureConfigurationException} if tokens are required and no issuer is configured. */
    public static void check(Mode mode, String host, boolean hasIssuer) {
        if (mode == Mode.OIDC && !hasIssuer) {
            throw new InsecureConfigurationException(
                    ("Not started: this process would listen on %s, and no token issuer is configured. Set"
                                    + " quarkus.oidc.auth-server-url (QUARKUS_OIDC_AUTH_SERVER_URL); or bind to loopback with"
                                    + " quarkus.http.host=127.0.0.1 (QUARKUS_HTTP_HOST) and leave dtc.security.mode unset;"
                                    + " or, to accept all callers, set dtc.security.mode=none (DTC_SECURITY_MODE).")
                            .formatted(host));
        }
    }
}
