package dtc.app;

import dtc.rest.Problems;
import dtc.runtime.Time;
import dtc.security.ApiAccess;
import dtc.security.AuthenticationPolicy;
import dtc.security.Callers;
import dtc.security.HostRules;
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
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Creates the objects that authenticate callers and outgoing requests. */
@Singleton
@Unremovable
public class SecurityWiring implements HttpServerOptionsCustomizer {

    private static final Logger LOG = Logger.getLogger(SecurityWiring.class);

    private final DtcConfig config;
    private final VertxHttpConfig http;
    private final Vertx vertx;
    private final TlsConfigurationRegistry tls;
    private final boolean hasIssuer;
    private final boolean hasManagementPort;

    SecurityWiring(
            DtcConfig config,
            VertxHttpConfig http,
            Vertx vertx,
            TlsConfigurationRegistry tls,
            @ConfigProperty(name = SecurityDefaults.ISSUER) Optional<String> issuer,
            @ConfigProperty(name = SecurityDefaults.MANAGEMENT_PORT) boolean hasManagementPort) {
        this.config = config;
        this.http = http;
        this.vertx = vertx;
        this.tls = tls;
        this.hasIssuer = issuer.isPresent();
        this.hasManagementPort = hasManagementPort;
    }

    AuthenticationPolicy.Mode mode() {
        return AuthenticationPolicy.mode(config.security().mode().orElse(null), http.host(), hasIssuer);
    }

    /** Checks the security configuration before any other startup action. */
    void check(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event) {
        AuthenticationPolicy.check(mode(), http.host(), hasIssuer);
        Optional<String> certificate = config.rm().coordinatorCertificate();
        refuse(
                mode() == AuthenticationPolicy.Mode.OIDC
                        && !config.rm().ids().orElse(List.of()).isEmpty()
                        && config.rm().coordinatorSubject().isEmpty()
                        && certificate.isEmpty(),
                "no coordinator is configured for the resource managers of this process. Set"
                        + " dtc.rm.coordinator-subject (DTC_RM_COORDINATOR_SUBJECT) to the subject of the coordinator's"
                        + " token, or dtc.rm.coordinator-certificate (DTC_RM_COORDINATOR_CERTIFICATE) to a DNS name of"
                        + " its certificate, or both.");
        refuse(
                certificate.isPresent() && config.security().clientCertificates() == ClientAuth.NONE,
                "dtc.rm.coordinator-certificate is set, but client certificates are not requested. Set"
                        + " dtc.security.client-certificates (DTC_SECURITY_CLIENT_CERTIFICATES) to request or required.");
        refuse(
                config.security().clientCertificates() == ClientAuth.REQUIRED && !isTlsOnly(http),
                "client certificates are required, but plain HTTP is enabled. Set"
                        + " quarkus.http.insecure-requests=disabled (QUARKUS_HTTP_INSECURE_REQUESTS).");
        if (mode() == AuthenticationPolicy.Mode.NONE && !AuthenticationPolicy.isLoopback(http.host())) {
            LOG.warnf("security is off: every caller that can reach %s has all permissions", http.host());
        }
    }

    private static void refuse(boolean unsafe, String reason) {
        if (unsafe) {
            throw new AuthenticationPolicy.InsecureConfigurationException("Not started: " + reason);
        }
    }

    static boolean isTlsOnly(VertxHttpConfig http) {
        return http.insecureRequests()
                .filter(VertxHttpConfig.InsecureRequests.DISABLED::equals)
                .isPresent();
    }

    @Produces
    @Singleton
    ApiAccess apiAccess(Time time) {
        return new ApiAccess(
                mode() == AuthenticationPolicy.Mode.NONE ? null : new Callers(callers()),
                AuthenticationPolicy.isLoopbackOnly(config.security().mode().orElse(null), http.host(), hasIssuer),
                time,
                Problems::send);
    }

    private Callers.Settings callers() {
        return new Callers.Settings(
                config.security().roles().entrySet().stream()
                        .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, entry -> roles(entry.getValue()))),
                config.security().rmOwners(),
                config.security().rmOwnerPrefix().orElse(null),
                config.security().rmClaim().orElse(null),
                config.rm().coordinatorSubject().orElse(null),
                config.rm().coordinatorCertificate().orElse(null));
    }

    private static Set<Role> roles(Set<String> names) {
        Set<Role> roles = Role.named(names);
        if (roles.size() < names.size()) {
            throw new AuthenticationPolicy.InsecureConfigurationException(
                    "Not started: dtc.security.roles contains %s; allowed are %s.".formatted(names, Role.OF_TOKENS));
        }
        return roles;
    }

    void install(@Observes Router router, ApiAccess access) {
        access.install(router);
    }

    @Produces
    @Singleton
    @Unremovable
    IssuerToken issuerToken() {
        return new IssuerToken(
                vertx, config.security().issuerTokenFile().map(Path::toString).orElse(null));
    }

    Outbound outboundToResourceManagers(HostRules hosts) {
        return new Outbound(tls(), token(config.coordinator().tokenFile()), hosts);
    }

    Outbound outboundToCoordinator() {
        return new Outbound(tls(), token(config.rm().tokenFile()), null);
    }

    private @Nullable TlsConfiguration tls() {
        return TlsConfiguration.from(tls, config.security().tlsConfigurationName())
                .orElse(null);
    }

    private @Nullable TokenFile token(Optional<Path> file) {
        return file.map(path -> new TokenFile(vertx, path, config.security().tokenReloadInterval()))
                .orElse(null);
    }

    @Override
    public void customizeHttpsServer(HttpServerOptions options) {
        options.setClientAuth(config.security().clientCertificates());
    }

    /** Serves these paths on the main port if there is no management port: see {@link SecurityDefaults}. */
    void manage(@Observes ManagementInterface management, Router router) {
        if (!hasManagementPort) {
            router.route("/q/*").order(-1).handler(call -> management.router().handle(call.request()));
        }
    }
}
