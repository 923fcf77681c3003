package dtc.security;

import io.quarkus.runtime.configuration.ConfigurationException;
import java.net.InetAddress;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Whether callers must say who they are: the one rule by which security is on or off. */
public final class Exposure {

    /** What can be set. */
    public enum Mode {
        OIDC,
        NONE
    }

    /** A configuration that must not start; the message, which is all that is shown, says what to set. */
    public static final class Unsafe extends ConfigurationException {
        public Unsafe(String message) {
            super(message);
        }
    }

    private Exposure() {}

    /**
     * Only processes of this machine reach {@code host}. A name counts only if it is {@code localhost}: others may
     * change.
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
     * What holds: what is set; else tokens are asked for, unless nobody outside can call and no issuer is named.
     *
     * @param asked {@code dtc.security.mode}
     * @param host what the server binds to
     * @param hasIssuer whether there is anything to check tokens with
     */
    public static Mode mode(@Nullable Mode asked, String host, boolean hasIssuer) {
        if (asked != null) {
            return asked;
        }
        return isLoopback(host) && !hasIssuer ? Mode.NONE : Mode.OIDC;
    }

    /**
     * Whether whoever reaches the process is let in only because nobody outside can. A browser can be led here under a
     * name of somebody else (DNS rebinding), so then the name counts.
     *
     * @param asked {@code dtc.security.mode}
     */
    public static boolean isForThisMachineOnly(@Nullable Mode asked, String host, boolean hasIssuer) {
        return asked == null && mode(null, host, hasIssuer) == Mode.NONE;
    }

    /**
     * Whether a call was addressed to this machine. Browsers look up no name below {@code localhost}, and no other name
     * is beyond a stranger's power.
     *
     * @param host of the header {@code Host}, without the port
     */
    static boolean isAddressedHere(String host) {
        String name = host.endsWith(".") ? host.substring(0, host.length() - 1) : host; // the root, which may be named
        return isLoopback(name) || name.toLowerCase(Locale.ROOT).endsWith(".localhost");
    }

    /** Throws {@link Unsafe} where tokens are to be asked for and nothing is there to check them with. */
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
