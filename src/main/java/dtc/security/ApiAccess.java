package dtc.security;

import dtc.runtime.Time;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.vertx.http.runtime.security.QuarkusHttpUser;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.eclipse.microprofile.jwt.JsonWebToken;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Checks each request before it is routed: authenticates the caller and refuses requests that its roles do not permit.
 * If security is off, callers are not authenticated, but cross-origin requests that change something are still refused.
 */
public final class ApiAccess {

    private static final Logger LOG = Logger.getLogger(ApiAccess.class);

    /** After Quarkus's authentication handler (-200), before the handlers that serve requests. */
    public static final int ORDER = -150;

    /** How long a verified token is accepted without verifying its signature again. */
    private static final Duration VERIFIED_MAX = Duration.ofMinutes(1);

    private static final int VERIFIED_TOKENS_MAX = 10_000;

    /** Methods that change nothing. The same-origin policy hides their responses from pages of other origins. */
    private static final Set<String> SAFE_METHODS = Set.of("GET", "HEAD", "OPTIONS");

    private static final String KEY = Caller.class.getName();

    /** Sends an error response. */
    @FunctionalInterface
    public interface ProblemSender {
        void send(RoutingContext context, String kind, int status, String detail);
    }

    private final @Nullable Callers callers;
    private final boolean loopbackOnly;
    private final Time time;
    private final ProblemSender problems;
    /** Verified tokens, by the value of the header that carries them. */
    private final Map<String, VerifiedToken> verifiedTokens = new ConcurrentHashMap<>();

    private record VerifiedToken(Caller caller, long untilNanos) {}

    /**
     * @param callers null if security is off
     * @param loopbackOnly {@link AuthenticationPolicy#isLoopbackOnly}
     */
    public ApiAccess(@Nullable Callers callers, boolean loopbackOnly, Time time, ProblemSender problems) {
        this.callers = callers;
        this.loopbackOnly = loopbackOnly;
        this.time = time;
        this.problems = problems;
    }

    public void install(Router router) {
        router.route().order(ORDER).handler(this::handle);
    }

    /** Whether callers must present tokens. */
    public boolean requiresTokens() {
        return callers != null;
    }

    private void handle(RoutingContext context) {
        context.put(
                QuarkusHttpUser.AUTH_FAILURE_HANDLER, (BiConsumer<RoutingContext, Throwable>) ApiAccess::ignoreFailure);
        HttpServerRequest request = context.request();
        Callers known = callers;
        if (loopbackOnly && !hasLocalHost(request)) {
            forbid(
                    context,
                    "this process accepts local calls only: call it as localhost or 127.0.0.1, not by another name");
        } else if (!SAFE_METHODS.contains(request.method().name())
                && RequestOrigin.of(request) == RequestOrigin.CROSS_ORIGIN) {
            forbid(context, "cross-origin requests must not change anything");
        } else if (known != null) {
            check(context, known);
        } else {
            context.next();
        }
    }

    /** Replaces Quarkus's handler, which would send a response of its own. */
    private static void ignoreFailure(RoutingContext context, Throwable failure) {}

    /** A request without a host does not come from a browser, and is accepted. */
    private static boolean hasLocalHost(HttpServerRequest request) {
        HostAndPort authority = request.authority();
        return authority == null
                ? request.getHeader(HttpHeaders.HOST) == null
                : AuthenticationPolicy.isLocalHost(authority.host());
    }

    /** Returns the caller of a request that was accepted. */
    public Caller caller(RoutingContext context) {
        if (callers == null) {
            return Caller.UNRESTRICTED;
        }
        Caller caller = context.get(KEY);
        if (caller == null) {
            throw new IllegalStateException("the request was not checked");
        }
        return caller;
    }

    private void check(RoutingContext context, Callers known) {
        Set<Role> needed = AccessRules.requiredRoles(context.request().method().name(), context.normalizedPath());
        if (needed == null) {
            context.next();
            return;
        }
        String header = context.request().getHeader(HttpHeaders.AUTHORIZATION);
        if (header == null) {
            decide(context, known, needed, Caller.ANONYMOUS);
            return;
        }
        VerifiedToken before = verifiedTokens.get(header);
        if (before != null && time.nanos() - before.untilNanos() < 0) {
            decide(context, known, needed, before.caller());
            return;
        }
        QuarkusHttpUser.getSecurityIdentity(context, null)
                .subscribe()
                .with(
                        identity -> decide(context, known, needed, identify(header, identity, known)),
                        failure -> authenticationFailed(context, failure));
    }

    private Caller identify(String header, SecurityIdentity identity, Callers known) {
        if (!(identity.getPrincipal() instanceof JsonWebToken token)) {
            return Caller.ANONYMOUS; // the scheme is not Bearer
        }
        Caller caller = known.of(token, identity.getRoles());
        Duration left = Duration.between(time.now(), Instant.ofEpochSecond(token.getExpirationTime()));
        if (left.isPositive()) {
            if (verifiedTokens.size() >= VERIFIED_TOKENS_MAX) {
                verifiedTokens.clear();
            }
            Duration lifetime = left.compareTo(VERIFIED_MAX) < 0 ? left : VERIFIED_MAX;
            verifiedTokens.put(header, new VerifiedToken(caller, time.nanos() + lifetime.toNanos()));
        }
        return caller;
    }

    private void decide(RoutingContext context, Callers known, Set<Role> needed, Caller caller) {
        boolean isCoordinator = needed.contains(Role.COORDINATOR) && known.isCoordinator(caller, context.request());
        if (isCoordinator || caller.hasAny(needed)) {
            context.put(KEY, caller);
            context.next();
        } else if (caller.principal() == null) {
            unauthenticated(context, "Bearer", "a bearer token is required");
        } else {
            String roles = needed.stream().map(Role::toString).sorted().collect(Collectors.joining(" or "));
            forbid(context, roles.isEmpty() ? "no role permits this" : "this requires the role " + roles);
        }
    }

    private void authenticationFailed(RoutingContext context, Throwable failure) {
        if (failure instanceof AuthenticationFailedException) {
            unauthenticated(context, "Bearer error=\"invalid_token\"", "the token is invalid or expired");
        } else {
            LOG.warnf("tokens cannot be verified: %s", failure.getClass().getSimpleName());
            refuse(context, "UNCHECKED", 503, "the token cannot be verified now");
        }
    }

    private void forbid(RoutingContext context, String detail) {
        refuse(context, "FORBIDDEN", 403, detail);
    }

    private void unauthenticated(RoutingContext context, String challenge, String detail) {
        context.response().putHeader("WWW-Authenticate", challenge);
        refuse(context, "UNAUTHENTICATED", 401, detail);
    }

    private void refuse(RoutingContext context, String kind, int status, String detail) {
        context.request().resume(); // the rest of the body is discarded
        problems.send(context, kind, status, detail);
    }
}
