package dtc.security;

import io.quarkus.runtime.configuration.ConfigurationException;
import java.net.InetAddress;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Decides whether callers must authenticate. */
public final class Exposure {

    /** The values of {@code dtc.security.mode}. */
    public enum Mode {
        OIDC,
        NONE
    }

    /**
     * An insecure configuration, which prevents the start. The message says what to configure; nothing else is printed.
     */
    public static final class Unsafe extends ConfigurationException {
        public Unsafe(String message) {
            super(message);
        }
    }

    private Exposure() {}

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
     * checked, because a page can make a browser on this machine call this process under a foreign name (DNS
     * rebinding).
     *
     * @param configured {@code dtc.security.mode}
     */
    public static boolean isForThisMachineOnly(@Nullable Mode configured, String host, boolean hasIssuer) {
        return configured == null && mode(null, host, hasIssuer) == Mode.NONE;
    }

    /**
     * Whether a request names this machine as its host. Browsers do not resolve names below {@code localhost} in DNS;
     * the owner of any other name can point it to this machine.
     *
     * @param host the {@code Host} header without the port
     */
    static boolean isAddressedHere(String host) {
        String name = host.endsWith(".") ? host.substring(0, host.length() - 1) : host; // an absolute name
        return isLoopback(name) || name.toLowerCase(Locale.ROOT).endsWith(".localhost");
    }

    /** Throws {@link Unsafe} if tokens are required and no issuer is configured. */
    public static void check(Mode mode, String host, boolean hasIssuer) {
        if (mode == Mode.OIDC && !hasIssuer) {
            throw new Unsafe(
                    ("Not started: this process would listen on %s, and there is no issuer of tokens to tell callers by. Set"
                                    + " quarkus.oidc.auth-server-url (QUARKUS_OIDC_AUTH_SERVER_URL); or bind to loopback with"
                                    + " quarkus.http.host=127.0.0.1 (QUARKUS_HTTP_HOST) and leave dtc.security.mode unset;"
                                    + " or, to let in whoever reaches it, set dtc.security.mode=none (DTC_SECURITY_MODE).")
                            .formatted(host));
        }
    }
}
