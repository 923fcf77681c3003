package dtc.security;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/** The origin of the page that makes a request, according to headers that a browser sets and a page cannot change. */
public enum RequestOrigin {
    /** The request comes from no page: it is not from a browser, or the user entered the address. */
    NONE,
    SAME_ORIGIN,
    CROSS_ORIGIN;

    /** Returns the value for a request. */
    public static RequestOrigin of(HttpServerRequest request) {
        HostAndPort authority = request.authority();
        return of(
                request.getHeader("Sec-Fetch-Site"),
                request.getHeader(HttpHeaders.ORIGIN),
                authority == null ? null : authority.toString());
    }

    /**
     * Returns the value for the headers of a request.
     *
     * @param site the {@code Sec-Fetch-Site} header, which browsers send over TLS and to localhost
     * @param origin the {@code Origin} header, which browsers send with every request that may change something
     * @param host the {@code Host} header
     */
    static RequestOrigin of(@Nullable String site, @Nullable String origin, @Nullable String host) {
        if (site != null) {
            return switch (site) {
                case "same-origin" -> SAME_ORIGIN;
                case "none" -> NONE;
                default -> CROSS_ORIGIN; // cross-site, same-site, or an unknown value
            };
        }
        if (origin == null) {
            return NONE;
        }
        try {
            String authority = URI.create(origin).getAuthority();
            return authority != null && authority.equalsIgnoreCase(host) ? SAME_ORIGIN : CROSS_ORIGIN;
        } catch (IllegalArgumentException _) {
            return CROSS_ORIGIN;
        }
    }
}
