package dtc.kubernetes;

import dtc.app.DtcConfig;
import dtc.security.HostRules;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.vertx.core.http.ClientAuth;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The configuration of one stateful set: the application reads it, and it fits what is around. */
final class ConfigurationRules {

    private static final String HTTP_PORT = "8080";
    private static final String HTTPS_PORT = "8443";

    /** Left between the longest regular stop and the kill. */
    private static final Duration STOP_MARGIN = Duration.ofSeconds(5);

    private final ManifestRules rules;
    private final Manifests manifests;
    private final StatefulSet set;
    private final PodSpec pod;
    private final Container container;
    private final Map<String, String> environment = new TreeMap<>();
    private Set<String> parts = Set.of();
    /** What is in the file that the environment names. */
    private final Properties file = new Properties();

    ConfigurationRules(ManifestRules rules, Manifests manifests, StatefulSet set) {
        this.rules = rules;
        this.manifests = manifests;
        this.set = set;
        this.pod = set.getSpec().getTemplate().getSpec();
        this.container = ManifestRules.container(set);
    }

    private void require(boolean holds, String otherwise) {
        rules.require(holds, set, otherwise);
    }

    void check() {
        collect();
        environment.keySet().stream()
                .filter(variable -> !Settings.isVariable(variable) && !parts.contains(variable))
                .forEach(variable -> require(false, "sets %s, which nobody reads".formatted(variable)));
        file.stringPropertyNames().stream()
                .filter(property -> !Settings.isProperty(property))
                .forEach(property -> require(false, "has a file with %s, which nobody reads".formatted(property)));
        DtcConfig config;
        try {
            config = Settings.read(environment, file);
        } catch (RuntimeException e) {
            require(false, "has a configuration that cannot be read: " + e);
            return;
        }
        require(
                manifests.isBase() || Set.of("oidc", "none").contains(value("DTC_SECURITY_MODE")),
                "does not say whether it is secured");
        require(isSecured() == isTls(), "has security without TLS, or TLS without security");
        ports();
        filesThatAreRead();
        subjects(config);
        issuer();
        stop(config);
        Optional<URI> coordinator = config.rm().coordinatorUrl();
        require(
                coordinator.filter(this::leadsToCoordinator).isPresent(),
                "registers at %s, where no coordinator is".formatted(coordinator));
        if (config.coordinator().enabled()) {
            require(config.rm().ids().isEmpty(), "coordinates, and hosts resource managers");
            log(config);
        } else {
            require(
                    config.rm()
                            .ids()
                            .orElse(List.of())
                            .equals(List.of(set.getMetadata().getName())),
                    "hosts " + config.rm().ids());
            require(config.rm().advertisedUrl().isPresent(), "does not say where it is");
            config.rm().advertisedUrl().ifPresent(url -> advertised(url, config));
        }
    }

    private void collect() {
        container.getEnvFrom().forEach(source -> {
            String name = source.getConfigMapRef().getName();
            Optional<ConfigMap> map = manifests.named(ConfigMap.class, name);
            require(map.isPresent(), "reads config map %s, which is not there".formatted(name));
            map.ifPresent(found -> environment.putAll(found.getData()));
        });
        container.getEnv().forEach(variable -> environment.put(variable.getName(), value(variable)));
        parts = Settings.parts(environment);
        environment.putAll(Settings.expanded(environment));
        for (String location : values("QUARKUS_CONFIG_LOCATIONS")) {
            String name = Path.of(location).getFileName().toString();
            for (ConfigMap map : manifests.all(ConfigMap.class)) {
                try (Reader text = new StringReader(map.getData().getOrDefault(name, ""))) {
                    file.load(text);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private String value(EnvVar variable) {
        if (variable.getValueFrom() == null) {
            return variable.getValue();
        }
        String path = variable.getValueFrom().getFieldRef().getFieldPath();
        require(path.equals("metadata.namespace"), "reads field %s, which is not there".formatted(path));
        return set.getMetadata().getNamespace();
    }

    private List<String> values(String variable) {
        return Stream.of(value(variable).split(",", -1))
                .filter(value -> !value.isEmpty())
                .toList();
    }

    private String value(String variable) {
        return environment.getOrDefault(variable, "");
    }

    private boolean isSecured() {
        return value("DTC_SECURITY_MODE").equals("oidc");
    }

    private boolean isTls() {
        return value("QUARKUS_HTTP_INSECURE_REQUESTS").equals("disabled");
    }

    /** The process listens where its container says so, by Quarkus's defaults and by what overrides them. */
    private void ports() {
        String api = isTls()
                ? environment.getOrDefault("QUARKUS_HTTP_SSL_PORT", HTTPS_PORT)
                : environment.getOrDefault("QUARKUS_HTTP_PORT", HTTP_PORT);
        require(
                isPort("api", api)
                        && isPort("management", Integer.toString(ManifestRules.MANAGEMENT_PORT))
                        && !environment.containsKey("QUARKUS_MANAGEMENT_PORT")
                        && value("QUARKUS_MANAGEMENT_HOST_ENABLED").equals("true")
                        && value("QUARKUS_HTTP_HOST").equals("0.0.0.0")
                        && container.getPorts().size() == 2,
                "does not listen where its container's ports say");
    }

    private boolean isPort(String name, String number) {
        return ManifestRules.port(new IntOrString(name), container).equals(Optional.of(Integer.valueOf(number)));
    }

    private void filesThatAreRead() {
        Set<Path> there = projectedFiles();
        Stream.concat(
                        environment.keySet().stream()
                                .filter(variable -> !variable.equals("DTC_LOG_DIRECTORY"))
                                .flatMap(variable -> values(variable).stream()),
                        file.values().stream().map(String::valueOf))
                .filter(value -> value.startsWith("/"))
                .forEach(value -> require(
                        there.contains(Path.of(value)), "is told of %s, which is on no volume".formatted(value)));
    }

    private Set<Path> projectedFiles() {
        Set<Path> files = new HashSet<>();
        for (VolumeMount mount : container.getVolumeMounts()) {
            pod.getVolumes().stream()
                    .filter(volume -> volume.getName().equals(mount.getName()) && volume.getProjected() != null)
                    .flatMap(volume -> volume.getProjected().getSources().stream())
                    .flatMap(source -> files(source).stream())
                    .forEach(file -> files.add(Path.of(mount.getMountPath()).resolve(file)));
        }
        return files;
    }

    private List<String> files(VolumeProjection source) {
        if (source.getServiceAccountToken() != null) {
            return List.of(source.getServiceAccountToken().getPath());
        }
        if (source.getConfigMap() != null) {
            return source.getConfigMap().getItems().isEmpty()
                    ? manifests
                            .named(ConfigMap.class, source.getConfigMap().getName())
                            .map(map -> List.copyOf(map.getData().keySet()))
                            .orElse(List.of())
                    : source.getConfigMap().getItems().stream()
                            .map(item -> item.getPath())
                            .toList();
        }
        // A secret, as docs/operations.md has it made, and as cert-manager makes it.
        return List.of("tls.crt", "tls.key", "ca.crt");
    }

    /** The decision log is on a volume that lasts; below its mount, where file systems keep a lost+found. */
    private void log(DtcConfig config) {
        if (config.log().directory().isEmpty()) {
            return;
        }
        Path directory = config.log().directory().orElse(Path.of(""));
        require(
                set.getSpec().getVolumeClaimTemplates().stream()
                        .flatMap(claim -> container.getVolumeMounts().stream()
                                .filter(mount -> mount.getName()
                                        .equals(claim.getMetadata().getName())))
                        .map(mount -> Path.of(mount.getMountPath()))
                        .anyMatch(mount -> directory.startsWith(mount) && !directory.equals(mount)),
                "keeps its log at %s, which is on no volume that lasts".formatted(directory));
    }

    /** The hook, the drain and the leaving each take their time before the process ends by itself. */
    private void stop(DtcConfig config) {
        Duration needed = Duration.ofSeconds(
                        container.getLifecycle().getPreStop().getSleep().getSeconds())
                .plus(config.drainTimeout().multipliedBy(2))
                .plus(STOP_MARGIN);
        Duration given = Duration.ofSeconds(pod.getTerminationGracePeriodSeconds());
        require(given.compareTo(needed) >= 0, "is killed after %s, and may need %s to stop".formatted(given, needed));
    }

    private void advertised(URI advertised, DtcConfig config) {
        String service = set.getSpec().getServiceName();
        String host = "%s-0.%s.%s.svc.%s"
                .formatted(
                        set.getMetadata().getName(), service, set.getMetadata().getNamespace(), clusterDomain());
        require(host.equals(advertised.getHost()), "advertises %s, and is %s".formatted(advertised, host));
        require(
                hasScheme(advertised)
                        && manifests
                                .named(Service.class, service)
                                .filter(found -> hasPort(found, advertised))
                                .isPresent(),
                "advertises %s, where it does not serve".formatted(advertised));
        require(
                new HostRules(config.registration().allowedHosts().orElse(List.of())).allow(advertised.toString()),
                "advertises %s, which a coordinator does not allow".formatted(advertised));
    }

    private boolean leadsToCoordinator(URI url) {
        return hasScheme(url)
                && manifests.all(Service.class).stream()
                        .filter(service -> url.getHost()
                                .equals("%s.%s.svc.%s"
                                        .formatted(
                                                service.getMetadata().getName(),
                                                service.getMetadata().getNamespace(),
                                                clusterDomain())))
                        .anyMatch(service -> hasPort(service, url)
                                && ManifestRules.is(service.getSpec().getSelector(), "coordinator"));
    }

    private boolean hasScheme(URI url) {
        return url.getScheme().equals(isTls() ? "https" : "http");
    }

    /** Tokens tell the processes apart by their service accounts. */
    private void subjects(DtcConfig config) {
        if (!isSecured()) {
            return;
        }
        require(
                value("DTC_RM_COORDINATOR_SUBJECT").equals(subject("coordinator")),
                "takes outcomes from %s, which is not the coordinator".formatted(value("DTC_RM_COORDINATOR_SUBJECT")));
        String subject = subject(pod.getServiceAccountName());
        Set<String> owned = new HashSet<>(config.security().rmOwners().getOrDefault(subject, Set.of()));
        config.security()
                .rmOwnerPrefix()
                .filter(subject::startsWith)
                .ifPresent(prefix -> owned.add(subject.substring(prefix.length())));
        require(
                owned.containsAll(config.rm().ids().orElse(List.of())),
                "does not own the resource managers that it hosts");
        require(
                config.security().clientCertificates() != ClientAuth.NONE
                        && config.rm()
                                .coordinatorCertificate()
                                .equals(config.rm().coordinatorUrl().map(URI::getHost)),
                "takes outcomes without the coordinator's certificate");
    }

    /**
     * The API server has a certificate of the cluster and requires a token. Other issuers must not receive that token.
     */
    private void issuer() {
        if (!isSecured()) {
            return;
        }
        boolean isApiServer = Objects.equals(
                URI.create(value("QUARKUS_OIDC_AUTH_SERVER_URL")).getHost(),
                "kubernetes.default.svc." + clusterDomain());
        require(
                value("QUARKUS_OIDC_TLS_TLS_CONFIGURATION_NAME").equals(isApiServer ? "kubernetes" : ""),
                "does not trust the issuer of tokens");
        require(
                value("DTC_SECURITY_ISSUER_TOKEN_FILE").isEmpty() != isApiServer,
                "has no token for the issuer, or sends it one of the cluster");
    }

    private String clusterDomain() {
        return value("CLUSTER_DOMAIN");
    }

    private String subject(String serviceAccount) {
        return "system:serviceaccount:%s:%s".formatted(set.getMetadata().getNamespace(), serviceAccount);
    }

    private static boolean hasPort(Service service, URI url) {
        return service.getSpec().getPorts().stream()
                .anyMatch(port -> port.getName().equals("api") && port.getPort() == url.getPort());
    }
}
