package dtc.app;

import dtc.runtime.HostRules;
import dtc.runtime.Time;
import dtc.security.Callers;
import dtc.security.Exposure;
import dtc.security.Guard;
import dtc.security.IssuerToken;
import dtc.security.Outbound;
import dtc.security.Role;
import dtc.security.TokenFile;
import io.quarkus.arc.Unremovable;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.quarkus.vertx.http.ManagementInterface;
import io.quarkus.vertx.http.runtime.VertxHttpConfig;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Puts together who is let in, and as whom this process calls others. */
@Singleton
@Unremovable
public class SecurityWiring implements HttpServerOptionsCustomizer {

    private static final Logger LOG = Logger.getLogger(SecurityWiring.class);

    private final DtcConfig config;
    private final VertxHttpConfig http;
    private final Vertx vertx;
    private final TlsConfigurationRegistry tls;
    private final boolean hasIssuer;

    SecurityWiring(
            DtcConfig config,
            VertxHttpConfig http,
            Vertx vertx,
            TlsConfigurationRegistry tls,
            @ConfigProperty(name = SecurityDefaults.ISSUER) Optional<String> issuer,
            @ConfigProperty(name = SecurityDefaults.PUBLIC_KEY) Optional<String> publicKey) {
        this.config = config;
        this.http = http;
        this.vertx = vertx;
        this.tls = tls;
        this.hasIssuer = issuer.isPresent() || publicKey.isPresent();
    }

    private Exposure.Mode mode() {
        return Exposure.mode(config.security().mode().orElse(null), http.host(), hasIssuer);
    }

    /** Ahead of all else that starts. */
    void check(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event) {
        Exposure.check(mode(), http.host(), hasIssuer);
        boolean hostsSome = !config.rm().ids().orElse(List.of()).isEmpty();
        if (mode() == Exposure.Mode.OIDC
                && hostsSome
                && config.rm().coordinatorSubject().isEmpty()
                && config.rm().coordinatorCertificate().isEmpty()) {
            throw new Exposure.Unsafe(
                    "Not started: nothing says who may tell the resource managers of this process what to"
                            + " do. Set dtc.rm.coordinator-subject (DTC_RM_COORDINATOR_SUBJECT) to the subject of the"
                            + " coordinator's token, or dtc.rm.coordinator-certificate to a name in its certificate.");
        }
        if (mode() == Exposure.Mode.NONE && !Exposure.isLoopback(http.host())) {
            LOG.warnf("security is off: whoever reaches %s may do everything", http.host());
        }
    }

    @Produces
    @Singleton
    Guard guard(Time time) {
        return new Guard(mode() == Exposure.Mode.NONE ? null : new Callers(callers()), time);
    }

    private Callers.Settings callers() {
        return new Callers.Settings(
                each(config.security().roles(), SecurityWiring::role),
                each(config.security().rmOwners(), Function.identity()),
                config.security().rmClaim().orElse(null),
                config.rm().coordinatorSubject().orElse(null),
                config.rm().coordinatorCertificate().orElse(null));
    }

    private static Role role(String text) {
        return Arrays.stream(Role.values())
                .filter(role -> role != Role.COORDINATOR && role.toString().equals(text))
                .findFirst()
                .orElseThrow(
                        () -> new Exposure.Unsafe("Not started: dtc.security.roles names no role of ours: " + text));
    }

    /** Of lines like {@code subject=what}; there may be several of one subject. */
    private static <T> Map<String, Set<T>> each(Optional<List<String>> lines, Function<String, T> meaning) {
        Map<String, Set<T>> each = new HashMap<>();
        for (String line : lines.orElse(List.of())) {
            int sign = line.lastIndexOf('=');
            if (sign < 1 || sign == line.length() - 1) {
                throw new Exposure.Unsafe(
                        "Not started: dtc.security.roles and dtc.security.rm-owners are lists of subject=role"
                                + " and subject=id, and cannot have " + line);
            }
            each.computeIfAbsent(line.substring(0, sign).strip(), _ -> new HashSet<>())
                    .add(meaning.apply(line.substring(sign + 1).strip()));
        }
        return each;
    }

    void stand(@Observes Router router, Guard guard) {
        guard.stand(router);
    }

    @Produces
    @Singleton
    @Unremovable
    IssuerToken issuerToken() {
        return new IssuerToken(vertx, config.security().issuerTokenFile().orElse(null));
    }

    Outbound towardsResourceManagers(HostRules hosts) {
        return new Outbound(tls(), token(config.coordinator().tokenFile()), hosts);
    }

    Outbound towardsCoordinator() {
        return new Outbound(tls(), token(config.rm().tokenFile()), null);
    }

    private @Nullable TlsConfiguration tls() {
        return TlsConfiguration.from(tls, config.security().tlsConfigurationName())
                .orElse(null);
    }

    private @Nullable TokenFile token(Optional<Path> file) {
        return file.map(path -> new TokenFile(vertx, path, config.security().tokenRereadEvery()))
                .orElse(null);
    }

    @Override
    public void customizeHttpsServer(HttpServerOptions options) {
        options.setClientAuth(config.security().clientCertificates());
    }

    /** Where no other machine can call, one port does for all: see {@link SecurityDefaults}. */
    void manage(@Observes ManagementInterface management, Router router) {
        if (Exposure.isLoopback(http.host())) {
            router.route("/q/*").order(-1).handler(call -> management.router().handle(call.request()));
        }
    }
}
