package dtc.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dtc.testing.NoApplication;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The manifests fit together and fit the application; each rule is proved by a mistake planted in what is built. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@NoApplication
class ManifestsTest {

    private static final YAMLMapper YAML = new YAMLMapper();

    private final String production = Manifests.build("overlays/production");

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/local", "overlays/production", "overlays/native"})
    void the_manifests_of_each_overlay_are_valid(String overlay) throws IOException {
        assertEquals(List.of(), ManifestRules.violations(Manifests.parse(Manifests.build(overlay))));
    }

    @Test
    void the_manifest_of_the_example_is_valid() throws IOException {
        String manifest = Files.readString(Path.of("examples/orders-service/kubernetes.yaml"));
        assertEquals(2, Manifests.parse(manifest).objects().size());
    }

    /** kubectl 1.27 refuses a patch with several objects. */
    @Test
    void each_patch_is_one_object() throws IOException {
        try (Stream<Path> files = Files.walk(Manifests.DIRECTORY)) {
            for (Path file :
                    files.filter(path -> path.endsWith("kustomization.yaml")).toList()) {
                for (JsonNode patch : YAML.readTree(file.toFile()).path("patches")) {
                    String text = patch.has("path")
                            ? Files.readString(
                                    file.resolveSibling(patch.path("path").asText()))
                            : patch.path("patch").asText();
                    assertFalse(Pattern.compile("(?m)^---").matcher(text).find(), file::toString);
                }
            }
        }
    }

    /** @param found part of the violation, or of the refusal to parse */
    record Planted(String text, String mistake, String found) {
        @Override
        public String toString() {
            return text + " -> " + mistake;
        }
    }

    static Stream<Planted> unknownFields() {
        return Stream.of(
                new Planted("replicas: 1", "replica: 1", "replica"),
                new Planted("image: ", "imag: ", "imag"),
                new Planted("targetPort: api", "targetport: api", "targetport"),
                new Planted("httpGet:", "httpget:", "httpget"),
                new Planted("kind: Namespace", "kind: NameSpace", "no such kind"),
                new Planted("podSelector: {}", "podSelecter: {}", "podSelecter"),
                new Planted("maxUnavailable", "maxunavailable", "maxunavailable"),
                new Planted("interval: 15s", "intervall: 15s", "intervall"),
                new Planted("expr: max by", "exp: max by", "exp"),
                new Planted("replicas: 1", "replicas: 1\n  replicas: 1", "Duplicate"));
    }

    static Stream<Planted> betweenObjects() {
        return Stream.of(
                new Planted("namespace: dtc", "namespace: dtx", "is not in namespace dtc"),
                new Planted(
                        "matchLabels:\n      app.kubernetes.io/component: coordinator",
                        "matchLabels:\n      app.kubernetes.io/component: coordinater",
                        "does not select its own pods"),
                new Planted("""
                              app.kubernetes.io/component: coordinator
                              app.kubernetes.io/name: coordinator
                        """, "", "selects the pods of others"),
                new Planted("replicas: 1", "replicas: 2", "has not one replica"),
                new Planted("serviceAccountName: orders", "serviceAccountName: order", "account order, which is not"),
                new Planted("serviceName: rm", "serviceName: dtc", "no headless service"),
                new Planted("publishNotReadyAddresses: true", "publishNotReadyAddresses: false", "ready or not"),
                new Planted("targetPort: management", "targetPort: metrics", "leads to port metrics"),
                new Planted(
                        "selector:\n    app.kubernetes.io/component: coordinator",
                        "selector:\n    app.kubernetes.io/component: coordinater",
                        "selects no pod"),
                new Planted("port: 9000", "port: 9001", "is not the pod's"),
                new Planted("mountPath: /tmp", "mountPath: /temp", "temporary files"),
                new Planted("          name: log\n", "          name: logs\n", "mounts volume logs"),
                new Planted("memory: 2Gi", "memory: 3Gi", "by more than its name"),
                new Planted(
                        "labelSelector:\n          matchLabels:\n            app.kubernetes.io/part-of: dtc",
                        "labelSelector:\n          matchLabels:\n            app.kubernetes.io/part-of: dtx",
                        "spread among pods"),
                new Planted("name: orders-tls", "name: payments-tls", "which is another's"),
                new Planted("priorityClassName: dtc", "priorityClassName: dtx", "priority class dtx"),
                new Planted("name: kube-root-ca.crt", "name: kube-root-ca", "config map kube-root-ca,"),
                new Planted(
                        "configMapRef:\n            name: dtc",
                        "configMapRef:\n            name: dtx",
                        "reads config map"),
                new Planted("maxUnavailable: 1", "maxUnavailable: 0", "exactly one eviction"),
                new Planted("maxUnavailable: 1", "minAvailable: 2", "exactly one eviction"),
                new Planted("AlwaysAllow", "IfHealthyBudget", "blocks the drain"),
                new Planted("- port: 9000\n      protocol", "- port: 9001\n      protocol", "where nobody listens"),
                new Planted("- port: 8443\n      protocol", "- port: 8080\n      protocol", "where nobody listens"),
                new Planted(
                        "  podSelector:\n    matchLabels:\n      app.kubernetes.io/component: coordinator",
                        "  podSelector:\n    matchLabels:\n      app.kubernetes.io/component: coordinater",
                        "applies to no pod"),
                new Planted(
                        "- podSelector:\n        matchLabels:\n          app.kubernetes.io/component: resource-manager",
                        "- podSelector:\n        matchLabels:\n          app.kubernetes.io/component: manager",
                        "no pod of ours"),
                new Planted(
                        "values:\n      - coordinator",
                        "values:\n      - client-api\n      - coordinator",
                        "exactly once"),
                new Planted("port: management\n    scrape", "port: metrics\n    scrape", "not the management port"),
                new Planted("path: /q/metrics", "path: /metrics", "scrapes path /metrics"));
    }

    static Stream<Planted> pods() {
        return Stream.of(
                new Planted("/q/health/ready", "/health/ready", "is probed at path /health/ready"),
                new Planted(
                        "port: management\n          periodSeconds",
                        "port: api\n          periodSeconds",
                        "not the management port"),
                new Planted("enforce: restricted", "enforce: baseline", "restricted pod security"),
                new Planted("runAsNonRoot: true", "runAsNonRoot: false", "may run as root"),
                new Planted("type: RuntimeDefault", "type: Unconfined", "no seccomp profile"),
                new Planted(
                        "      automountServiceAccountToken: false",
                        "      automountServiceAccountToken: true",
                        "token unasked"),
                new Planted("enableServiceLinks: false", "enableServiceLinks: true", "look like configuration"),
                new Planted("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "may write anywhere"),
                new Planted("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "may gain privileges"),
                new Planted("- ALL", "- NET_RAW", "keeps capabilities"),
                new Planted("limits:\n            memory: 1Gi", "limits: {}", "no memory limit"),
                new Planted("dtc:0.1.0", "dtc", "image without a tag"));
    }

    static Stream<Planted> configuration() {
        return Stream.of(
                new Planted("name: DTC_RM_IDS", "name: DTC_RM_ID", "sets DTC_RM_ID, which nobody reads"),
                new Planted("TIME_TO_LIVE", "TIME_TO_LIFE", "which nobody reads"),
                new Planted("DTC_LOG_KIND", "QUARKUS_MANAGEMENT_ENABLED", "which nobody reads"),
                new Planted("DTC_LOG_KIND: file", "DTC_PREPARE_TIMEOUT: soon", "cannot be read"),
                new Planted("value: \"false\"", "value: \"true\"", "hosts resource managers"),
                new Planted("value: orders", "value: order", "hosts Optional[[order]]"),
                new Planted("https://orders-0.rm", "https://orders-1.rm", "and is orders-0.rm"),
                new Planted(
                        "orders-0.rm.${POD_NAMESPACE}.svc.${CLUSTER_DOMAIN}:8443",
                        "orders-0.rm.${POD_NAMESPACE}.svc.${CLUSTER_DOMAIN}:8080",
                        "where it does not serve"),
                new Planted("https://orders-0.rm", "http://orders-0.rm", "where it does not serve"),
                new Planted("'*.rm.", "'*.rms.", "does not allow"),
                new Planted("https://coordinator.$", "https://coordinater.$", "where no coordinator is"),
                new Planted("https://coordinator.$", "https://rm.$", "where no coordinator is"),
                new Planted("containerPort: 9000", "containerPort: 9001", "does not listen"),
                new Planted("SSL_PORT: \"8443\"", "SSL_PORT: \"8444\"", "does not listen"),
                new Planted("HOST_ENABLED: \"true\"", "HOST_ENABLED: \"false\"", "does not listen"),
                new Planted("QUARKUS_HTTP_HOST: 0.0.0.0", "QUARKUS_HTTP_HOST: 127.0.0.1", "does not listen"),
                new Planted("}:coordinator\n", "}:orders\n", "which is not the coordinator"),
                new Planted(
                        "COORDINATOR_URL: https://coordinator.${POD_NAMESPACE}",
                        "COORDINATOR_URL: https://coordinator.dtx",
                        "where no"),
                new Planted("fieldPath: metadata.namespace", "fieldPath: metadata.name", "reads field metadata.name"),
                new Planted("name: POD_NAMESPACE", "name: NAMESPACE", "which nobody reads"),
                new Planted("CLUSTER_DOMAIN: cluster.local", "DOMAIN: cluster.local", "which nobody reads"),
                new Planted("https://kubernetes.default", "https://issuer.example", "does not trust the issuer"),
                new Planted("https://kubernetes.default", "https://issuer.example", "sends it one of the cluster"),
                new Planted("CONFIGURATION_NAME: kubernetes", "CONFIGURATION_NAME: dtc", "does not trust the issuer"),
                new Planted("CONFIGURATION_NAME: kubernetes", "CONFIGURATION_NAME: \"\"", "does not trust the issuer"),
                new Planted("CERTIFICATES: request", "CERTIFICATES: none", "without the coordinator's certificate"),
                new Planted("CERTIFICATE: coordinator", "CERTIFICATE: orders", "without the coordinator's certificate"),
                new Planted("PREFIX: 'system:serviceaccount", "PREFIX: 'serviceaccount", "does not own"),
                new Planted("DTC_LOG_KIND: file", "QUARKUS_TLS_DTC_RELOAD_PERIOD: 1m", "which nobody reads"),
                new Planted("quarkus.tls.dtc.reload-period", "quarkus.tls.dtc.reload-periods", "which nobody reads"),
                new Planted("terminationGracePeriodSeconds: 35", "terminationGracePeriodSeconds: 25", "may need"),
                new Planted("/var/lib/dtc/log", "/var/lib/dtc", "on no volume that lasts"),
                new Planted("/var/lib/dtc/log", "/tmp/log", "on no volume that lasts"),
                new Planted("identity/tls.key", "identity/key.pem", "which is on no volume"),
                new Planted("MODE: oidc", "MODE: none", "TLS without security"),
                new Planted("MODE: oidc", "MODE: off", "cannot be read"),
                new Planted("DTC_SECURITY_MODE: oidc", "DTC_DRAIN_TIMEOUT: 10s", "does not say whether it is secured"));
    }

    @ParameterizedTest
    @MethodSource({"unknownFields", "betweenObjects", "pods", "configuration"})
    void a_mistake_is_found(Planted planted) {
        int at = production.indexOf(planted.text());
        assertTrue(at >= 0, () -> "not there any more: " + planted.text());
        String mistaken = production.substring(0, at)
                + planted.mistake()
                + production.substring(at + planted.text().length());
        String found = violations(mistaken);
        assertTrue(found.contains(planted.found()), () -> "found instead: " + found);
    }

    private static String violations(String yaml) {
        try {
            return String.join("\n", ManifestRules.violations(Manifests.parse(yaml)));
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
