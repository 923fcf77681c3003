package dtc.console;

import dtc.security.CallingPage;
import dtc.security.Role;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Cookie;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.NewCookie;
import jakarta.ws.rs.core.UriInfo;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Who may look, who may act, and whether a form was really sent from one of our pages. The one place for all three. */
@Singleton
class Guard {

    static final String TOKEN_FIELD = "token";

    private static final String TOKEN_COOKIE = "dtc-console";
    private static final int TOKEN_BYTES = 32;

    private final dtc.security.Guard callers;
    private final SecureRandom random = new SecureRandom();

    Guard(dtc.security.Guard callers) {
        this.callers = callers;
    }

    /** Whether changing things is allowed to whoever asks; who may look has been asked ahead of all paths. */
    boolean mayAct(RoutingContext call) {
        return callers.caller(call).isOperator();
    }

    /** The role without which whoever asks may not try a transaction; empty where it may. */
    String missingToTry(RoutingContext call) {
        return callers.caller(call).isClient() ? "" : Role.CLIENT.toString();
    }

    /** How a call from a shell begins: with a token, which only its owner knows, where one is asked for. */
    String curl() {
        return callers.asksForTokens() ? "curl -s -H \"Authorization: Bearer $TOKEN\"" : "curl -s";
    }

    /** For the audit. */
    String name(RoutingContext call) {
        String principal = callers.caller(call).principal();
        return principal == null ? "somebody not signed in" : principal;
    }

    /** The token of this browser, new where it has none. */
    String token(HttpHeaders headers) {
        Cookie cookie = headers.getCookies().get(TOKEN_COOKIE);
        if (cookie != null && !cookie.getValue().isEmpty()) {
            return cookie.getValue();
        }
        byte[] bytes = new byte[TOKEN_BYTES];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    NewCookie cookie(String token, UriInfo uri) {
        return new NewCookie.Builder(TOKEN_COOKIE)
                .value(token)
                .path("/console")
                .httpOnly(true)
                .sameSite(NewCookie.SameSite.STRICT)
                .secure(Objects.equals(uri.getBaseUri().getScheme(), "https"))
                .build();
    }

    /**
     * Whether a form comes from a page of ours: by what the browser says of where it comes from, and by a token that a
     * page of another origin can neither read nor set.
     */
    boolean isFromOurPage(RoutingContext call, HttpHeaders headers, @Nullable String token) {
        Cookie cookie = headers.getCookies().get(TOKEN_COOKIE);
        return cookie != null
                && token != null
                && !token.isEmpty()
                && MessageDigest.isEqual(
                        token.getBytes(StandardCharsets.UTF_8),
                        cookie.getValue().getBytes(StandardCharsets.UTF_8))
                && CallingPage.of(call.request()) == CallingPage.OURS;
    }
}
