package dtc.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dtc.runtime.BuildVersion;
import dtc.testing.NoApplication;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Changes that the documents describe: another image, namespace, cluster, issuer, or a reference by URL. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@NoApplication
class OverlaysTest {

    private static final YAMLMapper YAML = new YAMLMapper();
    private static final Path OPERATIONS = Path.of("docs/operations.md");

    private final Path directory;

    /** @param directory shared by all tests, which run at the same time */
    OverlaysTest(@TempDir Path directory) {
        this.directory = directory;
    }

    /** A directory with a copy of {@code k8s}. */
    private Path copy() throws IOException {
        Path copy = Files.createTempDirectory(directory, "copy");
        try (Stream<Path> files = Files.walk(Manifests.DIRECTORY)) {
            for (Path file : files.toList()) {
                Path target = copy.resolve("k8s")
                        .resolve(Manifests.DIRECTORY.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
        return copy;
    }

    /** What {@code kustomize edit set image dtc=<name>:<tag>} does. */
    private static void setImage(Path overlay, String name, String tag) throws IOException {
        Path file = overlay.resolve("kustomization.yaml");
        ObjectNode kustomization = (ObjectNode) YAML.readTree(file.toFile());
        ArrayNode images = kustomization.withArray("images");
        ObjectNode image = null;
        for (JsonNode one : images) {
            if (one.path("name").asText().equals("dtc")) {
                image = (ObjectNode) one;
            }
        }
        if (image == null) {
            image = images.addObject().put("name", "dtc");
        }
        image.put("newName", name).put("newTag", tag);
        YAML.writeValue(file.toFile(), kustomization);
    }

    private static Set<String> images(Path overlay) throws IOException {
        return Manifests.parse(Manifests.build(overlay)).all(StatefulSet.class).stream()
                .map(set -> ManifestRules.container(set).getImage())
                .collect(Collectors.toSet());
    }

    @ParameterizedTest
    @CsvSource({"overlays/local, local", "overlays/production, 9.9.9", "overlays/native, 9.9.9-native"})
    void a_documented_change_of_the_image_applies_to_all_processes_of_one_overlay(String overlay, String tag)
            throws IOException {
        Path copy = copy().resolve("k8s");
        Map<String, Set<String>> before = others(copy, overlay);
        setImage(copy.resolve(overlay), "registry.example.org:5000/team/dtc", tag);
        assertEquals(Set.of("registry.example.org:5000/team/dtc:" + tag), images(copy.resolve(overlay)));
        assertEquals(before, others(copy, overlay));
    }

    private static Map<String, Set<String>> others(Path k8s, String overlay) throws IOException {
        Map<String, Set<String>> images = new TreeMap<>();
        for (String other : List.of("overlays/local", "overlays/production", "overlays/native")) {
            if (!other.equals(overlay)) {
                images.put(other, images(k8s.resolve(other)));
            }
        }
        return images;
    }

    @ParameterizedTest
    @ValueSource(strings = {"overlays/production", "overlays/native"})
    void the_documents_contain_the_change_of_the_image(String overlay) throws IOException {
        assertTrue(Files.readString(OPERATIONS)
                .contains("(cd k8s/%s && kustomize edit set image dtc=".formatted(overlay)));
    }

    @Test
    void the_native_overlay_differs_from_production_by_image_and_memory_only() throws IOException {
        Manifests production = Manifests.parse(Manifests.build("overlays/production"));
        Manifests nativeImage = Manifests.parse(Manifests.build("overlays/native"));
        Set<String> images = Stream.of(production, nativeImage)
                .flatMap(manifests -> manifests.all(StatefulSet.class).stream())
                .map(set -> ManifestRules.container(set).getImage())
                .collect(Collectors.toSet());
        String version = BuildVersion.CURRENT.version().replace("-SNAPSHOT", "");
        assertEquals(
                Set.of("registry.example.com/dtc:" + version, "registry.example.com/dtc:" + version + "-native"),
                images);
        for (Manifests manifests : List.of(production, nativeImage)) {
            for (StatefulSet set : manifests.all(StatefulSet.class)) {
                ManifestRules.container(set).setImage("dtc");
                ManifestRules.container(set).setResources(null);
            }
        }
        assertEquals(production.objects(), nativeImage.objects());
    }

    /** The overlay of a user, with the components and further lines. */
    private Manifests user(String base, List<String> components, String lines) throws IOException {
        Path user = Files.createTempDirectory(directory, "user").toRealPath();
        Path k8s = user.relativize(Manifests.DIRECTORY.toRealPath());
        Files.writeString(
                user.resolve("kustomization.yaml"),
                "resources: [%s]\ncomponents: [%s]\n%s"
                        .formatted(
                                k8s.resolve(base),
                                components.stream()
                                        .map(component -> k8s.resolve("components/" + component)
                                                .toString())
                                        .collect(Collectors.joining(", ")),
                                lines));
        return Manifests.parse(Manifests.build(user));
    }

    @ParameterizedTest
    @ValueSource(strings = {"overlays/local", "overlays/production", "overlays/native"})
    void the_namespace_and_the_domain_of_the_cluster_can_be_changed(String overlay) throws IOException {
        Manifests manifests = user(overlay, List.of(), """
                namespace: transactions-eu
                configMapGenerator:
                  - name: dtc
                    behavior: merge
                    literals: [CLUSTER_DOMAIN=example.internal]
                """);
        assertEquals(List.of(), ManifestRules.violations(manifests));
        for (StatefulSet set : manifests.all(StatefulSet.class)) {
            assertEquals("transactions-eu", set.getMetadata().getNamespace());
        }
        for (String former : List.of("cluster.local", "dtc.svc", "serviceaccount:dtc")) {
            assertFalse(manifests.all(ConfigMap.class).toString().contains(former), former);
            assertFalse(manifests.all(StatefulSet.class).toString().contains(former), former);
        }
    }

    /** Also as {@code kustomize edit set namespace} in a copy. */
    @Test
    void the_namespace_can_be_changed_in_the_overlay() throws IOException {
        Path overlay = copy().resolve("k8s/overlays/production");
        Path file = overlay.resolve("kustomization.yaml");
        Files.writeString(file, Files.readString(file).replace("namespace: dtc", "namespace: other"));
        Manifests manifests = Manifests.parse(Manifests.build(overlay));
        assertEquals(List.of(), ManifestRules.violations(manifests));
        assertEquals(
                "other",
                manifests.all(StatefulSet.class).getFirst().getMetadata().getNamespace());
    }

    @ParameterizedTest
    @ValueSource(strings = {"overlays/production", "overlays/native"})
    void a_public_issuer_is_trusted_and_receives_no_token_of_the_cluster(String overlay) throws IOException {
        Manifests manifests = user(overlay, List.of("public-issuer"), """
                configMapGenerator:
                  - name: dtc
                    behavior: merge
                    literals: [QUARKUS_OIDC_AUTH_SERVER_URL=https://issuer.example.com/realms/dtc]
                """);
        assertEquals(List.of(), ManifestRules.violations(manifests));
    }

    /** The constraint restricted-v2 assigns ids from a range of the namespace, and refuses others. */
    @ParameterizedTest
    @ValueSource(strings = {"overlays/local", "overlays/production", "overlays/native"})
    void on_openshift_the_cluster_chooses_users_and_groups(String overlay) throws IOException {
        Manifests manifests = user(overlay, List.of("openshift"), "");
        assertEquals(List.of(), ManifestRules.violations(manifests));
        for (StatefulSet set : manifests.all(StatefulSet.class)) {
            PodSecurityContext context = set.getSpec().getTemplate().getSpec().getSecurityContext();
            assertNull(context.getRunAsUser());
            assertNull(context.getRunAsGroup());
            assertNull(context.getFsGroup());
            assertTrue(context.getSupplementalGroups().isEmpty());
            assertNull(ManifestRules.container(set).getSecurityContext().getRunAsUser());
            assertNull(ManifestRules.container(set).getSecurityContext().getRunAsGroup());
        }
        manifests
                .named(NetworkPolicy.class, "metrics")
                .ifPresent(policy -> assertTrue(policy.toString().contains("openshift-user-workload-monitoring")));
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
                    the DNS service,                       10.96.0.10,          53,    UDP, true
                    NodeLocal DNSCache,                    169.254.20.10,       53,    UDP, true
                    NodeLocal DNSCache,                    169.254.20.10,       53,    TCP, true
                    name servers of OpenShift,             10.128.0.7,          5353,  UDP, true
                    name servers of OpenShift,             10.128.0.7,          5353,  TCP, true
                    a name server with IPv6,               fd00::a,             53,    UDP, true
                    an issuer or the API service,          203.0.113.7,         443,   TCP, true
                    an API server,                         10.0.0.1,            6443,  TCP, true
                    an API server of minikube,             192.168.49.2,        8443,  TCP, true
                    an API server of MicroK8s,             192.168.1.9,         16443, TCP, true
                    an API server with IPv6,               2001:db8::1,         6443,  TCP, true
                    a metadata service,                    169.254.169.254,     443,   TCP, false
                    a metadata service,                    169.254.169.254,     80,    TCP, false
                    a metadata service,                    fd00:ec2::254,       443,   TCP, false
                    a database,                            10.0.0.5,            5432,  TCP, false
                    any UDP,                               203.0.113.7,         443,   UDP, false
                    """)
    void all_processes_reach_name_servers_and_the_issuer_but_nothing_else(
            String what, String address, int port, String protocol, boolean allowed) throws IOException {
        Manifests manifests = Manifests.parse(Manifests.build("overlays/production"));
        Egress egress = new Egress(manifests.all(NetworkPolicy.class));
        for (StatefulSet set : manifests.all(StatefulSet.class)) {
            assertEquals(allowed, egress.isAllowed(ManifestRules.podLabels(set), address, port, protocol), what);
        }
    }

    private static String documented(String marker) throws IOException {
        return Stream.of(Files.readString(OPERATIONS).split("```", -1))
                .filter(block -> block.startsWith("yaml") && block.contains(marker))
                .findFirst()
                .orElseThrow()
                .substring("yaml".length())
                .stripIndent();
    }

    private static void labels(Manifests manifests, BiConsumer<HasMetadata, Map<String, String>> check) {
        Stream.concat(manifests.all(ServiceMonitor.class).stream(), manifests.all(PrometheusRule.class).stream())
                .forEach(object -> check.accept(object, object.getMetadata().getLabels()));
    }

    @Test
    void the_documented_patch_labels_the_service_monitor_and_the_rules() throws IOException {
        String patch = documented("/metadata/labels/release");
        Manifests manifests = user("overlays/production", List.of(), patch);
        assertEquals(List.of(), ManifestRules.violations(manifests));
        labels(manifests, (object, labels) -> {
            assertEquals("kube-prometheus-stack", labels.get("release"), object::getKind);
            assertEquals("dtc", labels.get("app.kubernetes.io/part-of"), object::getKind);
        });
        assertEquals(
                1,
                manifests.objects().stream()
                        .filter(object -> object instanceof ServiceMonitor)
                        .count());
    }

    @Test
    void the_documented_patch_removes_the_objects_of_the_prometheus_operator() throws IOException {
        Manifests manifests = user("overlays/production", List.of(), documented("$patch: delete"));
        assertEquals(List.of(), ManifestRules.violations(manifests));
        labels(manifests, (object, labels) -> assertNull(object));
        assertTrue(manifests.named(ConfigMap.class, "dtc-dashboard").isPresent());
    }

    /** The example refers to a tag of the repository by URL. Here the URL is that of a local repository. */
    @Test
    void the_documented_overlay_builds_from_a_url_and_a_tag() throws IOException, InterruptedException {
        Path repository = copy();
        git(repository, "init", "--quiet");
        git(repository, "add", ".");
        git(repository, "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "Test");
        git(repository, "tag", "v0.1.0");
        String documented = documented("?ref=v");
        String url = "https://git.example.com/dtc.git//";
        assertTrue(documented.contains(url), documented);
        Path user = Files.createDirectory(directory.resolve("by-url"));
        Files.writeString(user.resolve("roles.properties"), "dtc.security.roles.\"a\"=dtc-client\n");
        Files.writeString(
                user.resolve("kustomization.yaml"),
                documented.replace(url, "file://%s//".formatted(repository.toRealPath())));
        Manifests manifests = Manifests.parse(Manifests.build(user));
        assertEquals(List.of(), ManifestRules.violations(manifests));
        String image = ManifestRules.container(manifests.all(StatefulSet.class).getFirst())
                .getImage();
        assertTrue(image.startsWith("registry.example.org/dtc:"), image);
        assertNotEquals(
                "dtc", manifests.all(StatefulSet.class).getFirst().getMetadata().getNamespace());
        assertTrue(manifests.all(ConfigMap.class).stream()
                .map(map -> map.getData().get("roles.properties"))
                .filter(Objects::nonNull)
                .allMatch("dtc.security.roles.\"a\"=dtc-client\n"::equals));
    }

    private static void git(Path repository, String... arguments) throws IOException, InterruptedException {
        List<String> command =
                Stream.concat(Stream.of("git"), Stream.of(arguments)).toList();
        Process process = new ProcessBuilder(command)
                .directory(repository.toFile())
                .inheritIO()
                .start();
        assertEquals(0, process.waitFor(), command::toString);
    }
}
