package dtc.app;

import dtc.runtime.BuildVersion;
import dtc.security.AuthenticationPolicy;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.vertx.http.runtime.VertxHttpConfig;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jboss.logging.Logger;

/** Logs at startup how the process is configured. Refuses to start a process that has no role. */
@Singleton
final class StartReport {

    private static final Logger LOG = Logger.getLogger(StartReport.class);

    private final DtcConfig config;
    private final VertxHttpConfig http;
    private final SecurityWiring security;

    StartReport(DtcConfig config, VertxHttpConfig http, SecurityWiring security) {
        this.config = config;
        this.http = http;
        this.security = security;
    }

    void check(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event) {
        if (!config.coordinator().enabled() && resourceManagers().isEmpty()) {
            throw new ConfigurationException(
                    "Not started: this process has no role. Set dtc.coordinator.enabled=true (DTC_COORDINATOR_ENABLED),"
                            + " or set dtc.rm.ids (DTC_RM_IDS) to the resource managers that it hosts, or both.");
        }
    }

    void log() {
        LOG.infof(
                "DTC %s; roles: %s; decision log: %s; security: %s; address: %s",
                BuildVersion.CURRENT, roles(), decisionLog(), securityMode(), address());
        if (config.coordinator().enabled() && Wiring.kind(config.log()) == DtcConfig.LogConfig.Kind.MEMORY) {
            LOG.warn("the decision log is in memory: a restart loses the outcomes of all transactions. Set"
                    + " dtc.log.directory (DTC_LOG_DIRECTORY) to store them in files");
        }
    }

    private List<String> resourceManagers() {
        return config.rm().ids().orElse(List.of());
    }

    private String roles() {
        List<String> roles = new ArrayList<>();
        if (config.coordinator().enabled()) {
            roles.add("coordinator");
        }
        if (!resourceManagers().isEmpty()) {
            roles.add("host of resource managers "
                    + String.join(", ", resourceManagers())
                    + " ("
                    + config.rm().store().kind().name().toLowerCase(Locale.ROOT)
                    + ")");
        }
        return String.join(" and ", roles);
    }

    private String decisionLog() {
        if (!config.coordinator().enabled()) {
            return "none";
        }
        return switch (Wiring.kind(config.log())) {
            case MEMORY -> "memory";
            case FILE ->
                "file, " + config.log().directory().map(Path::toAbsolutePath).orElseThrow();
        };
    }

    private String securityMode() {
        return switch (security.mode()) {
            case OIDC -> "oidc, callers must present tokens";
            case NONE ->
                AuthenticationPolicy.isLoopback(http.host())
                        ? "none, loopback only"
                        : "none, every caller has all permissions";
        };
    }

    private String address() {
        boolean tlsOnly = SecurityWiring.isTlsOnly(http);
        int port = tlsOnly ? http.sslPort() : http.port();
        return "%s://%s:%s".formatted(tlsOnly ? "https" : "http", http.host(), port == 0 ? "<free port>" : port);
    }
}
