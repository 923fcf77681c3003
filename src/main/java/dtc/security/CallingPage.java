package dtc.security;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/** Which page a call comes from, as the browser says, which no page can make it say otherwise. */
public enum CallingPage {
    /** Not a browser, or one that was told the address by a person. */
    NONE,
    OURS,
    FOREIGN;

    /** What a call says. */
    public static CallingPage of(HttpServerRequest request) {
        HostAndPort authority = request.authority(); // of HTTP/2 too, which has no header Host
        return of(
                request.getHeader("Sec-Fetch-Site"),
                request.getHeader(HttpHeaders.ORIGIN),
                authority == null ? null : authority.toString());
    }

    /**
     * What the headers of a call say.
     *
     * @param site the header {@code Sec-Fetch-Site}, which browsers send over TLS and to this machine
     * @param origin the header {@code Origin}, which they send with all that may change something
     * @param host the header {@code Host}, or what stands for it in HTTP/2
     */
    static CallingPage of(@Nullable String site, @Nullable String origin, @Nullable String host) {
        if (site != null) {
            return switch (site) {
                case "same-origin" -> OURS;
                case "none" -> NONE;
                default -> FOREIGN; // cross-site, same-site, and what is not known yet
            };
        }
        if (origin == null) {
            return NONE;
        }
        try {
            String authority = URI.create(origin).getAuthority();
            return authority != null && authority.equalsIgnoreCase(host) ? OURS : FOREIGN;
        } catch (IllegalArgumentException _) {
            return FOREIGN;
        }
    }
}
