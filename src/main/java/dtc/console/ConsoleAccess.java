package dtc.console;

import dtc.security.ApiAccess;
import dtc.security.RequestOrigin;
import dtc.security.Role;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Cookie;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.NewCookie;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Decides who may act in the console, and whether a form was submitted from one of its own pages. */
@Singleton
class ConsoleAccess {

    static final String TOKEN_FIELD = "token";

    private static final String TOKEN_COOKIE = "dtc-console";
    private static final int TOKEN_BYTES = 32;

    private final ApiAccess api;
    private final SecureRandom random = new SecureRandom();

    ConsoleAccess(ApiAccess api) {
        this.api = api;
    }

    /** Whether the caller may change anything. {@link ApiAccess} has already checked that it may read. */
    boolean mayAct(RoutingContext call) {
        return api.caller(call).isOperator();
    }

    /** The role that the caller lacks to run a transaction from the console; empty if it lacks none. */
    String missingToTry(RoutingContext call) {
        return api.caller(call).isClient() ? "" : Role.CLIENT.toString();
    }

    /** The start of a curl command, with a placeholder for the token if callers must present one. */
    String curl() {
        return api.requiresTokens() ? "curl -s -H \"Authorization: Bearer $TOKEN\"" : "curl -s";
    }

    /** The caller's name for the audit log. */
    String name(RoutingContext call) {
        String principal = api.caller(call).principal();
        return principal == null ? "anonymous" : principal;
    }

    /** The form token of this browser, or a new one if it has none. */
    String token(HttpHeaders headers) {
        Cookie cookie = headers.getCookies().get(TOKEN_COOKIE);
        if (cookie != null && !cookie.getValue().isEmpty()) {
            return cookie.getValue();
        }
        byte[] bytes = new byte[TOKEN_BYTES];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    NewCookie cookie(String token, Pages.Request request) {
        return new NewCookie.Builder(TOKEN_COOKIE)
                .value(token)
                .path(request.root() + "console")
                .httpOnly(true)
                .sameSite(NewCookie.SameSite.STRICT)
                .secure(Objects.equals(request.uri().getBaseUri().getScheme(), "https"))
                .build();
    }

    /**
     * Whether a form was submitted from one of our pages, according to the origin that the browser reports and to a
     * token that a page of another origin can neither read nor set.
     */
    boolean isFromOurPage(RoutingContext call, HttpHeaders headers, @Nullable String token) {
        Cookie cookie = headers.getCookies().get(TOKEN_COOKIE);
        return cookie != null
                && token != null
                && !token.isEmpty()
                && MessageDigest.isEqual(
                        token.getBytes(StandardCharsets.UTF_8),
                        cookie.getValue().getBytes(StandardCharsets.UTF_8))
                && RequestOrigin.of(call.request()) == RequestOrigin.SAME_ORIGIN;
    }
}
