package dtc.kubernetes;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClass;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** The pods of one stateful set: what they refer to is there, they are restricted, and probed where they answer. */
final class PodRules {

    private static final Set<String> PROBE_PATHS = Set.of("/q/health/started", "/q/health/ready", "/q/health/live");

    /** In every namespace, by Kubernetes. */
    private static final String ROOT_CERTIFICATES = "kube-root-ca.crt";

    private final ManifestRules rules;
    private final Manifests manifests;
    private final StatefulSet set;
    private final PodSpec pod;
    private final Container container;

    PodRules(ManifestRules rules, Manifests manifests, StatefulSet set) {
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
        selectors();
        references();
        PodSecurityStandard.violations(pod).forEach(violation -> require(false, violation));
        limited();
        volumes();
        probes();
        require(set.getSpec().getReplicas() == 1, "has not one replica");
        require(pod.getContainers().size() == 1, "has not one container");
        require(container.getImage().matches(".+:.+") || manifests.isBase(), "has an image without a tag");
        require(
                container.getResources().getLimits().containsKey("memory")
                        && container.getResources().getRequests().containsKey("cpu"),
                "has no memory limit, or asks for no CPU");
    }

    private void selectors() {
        List<StatefulSet> selected = manifests.all(StatefulSet.class).stream()
                .filter(other -> ManifestRules.selects(set.getSpec().getSelector(), ManifestRules.podLabels(other)))
                .toList();
        require(selected.contains(set), "does not select its own pods");
        require(selected.size() <= 1, "selects the pods of others");
        pod.getTopologySpreadConstraints()
                .forEach(constraint -> require(
                        ManifestRules.selects(constraint.getLabelSelector(), ManifestRules.podLabels(set)),
                        "is spread among pods that it is not one of"));
    }

    private void references() {
        require(
                manifests
                        .named(ServiceAccount.class, pod.getServiceAccountName())
                        .isPresent(),
                "has service account %s, which is not there".formatted(pod.getServiceAccountName()));
        require(
                pod.getPriorityClassName() == null
                        || manifests
                                .named(PriorityClass.class, pod.getPriorityClassName())
                                .isPresent(),
                "has priority class %s, which is not there".formatted(pod.getPriorityClassName()));
        require(
                manifests
                        .named(Service.class, set.getSpec().getServiceName())
                        .filter(service -> ManifestRules.isHeadless(service)
                                && Objects.equals(service.getSpec().getPublishNotReadyAddresses(), true)
                                && ManifestRules.isSelectedBy(set, service))
                        .isPresent(),
                "has service name %s, which is no headless service that names its pods, ready or not"
                        .formatted(set.getSpec().getServiceName()));
    }

    /** What the processes do not need, beyond the level "restricted". */
    private void limited() {
        require(Objects.equals(pod.getAutomountServiceAccountToken(), false), "gets a token unasked");
        require(
                Objects.equals(pod.getEnableServiceLinks(), false),
                "gets the services' addresses as variables, which look like configuration");
        SecurityContext security = container.getSecurityContext();
        require(Objects.equals(security.getReadOnlyRootFilesystem(), true), "may write anywhere");
        require(security.getCapabilities().getAdd().isEmpty(), "has capabilities");
    }

    private void volumes() {
        Set<String> unmounted = new HashSet<>();
        pod.getVolumes().stream().map(Volume::getName).forEach(unmounted::add);
        set.getSpec()
                .getVolumeClaimTemplates()
                .forEach(claim -> unmounted.add(claim.getMetadata().getName()));
        for (VolumeMount mount : container.getVolumeMounts()) {
            require(
                    unmounted.remove(mount.getName()),
                    "mounts volume %s, which is not there".formatted(mount.getName()));
        }
        require(unmounted.isEmpty(), "does not mount " + unmounted);
        require(
                container.getVolumeMounts().stream()
                        .anyMatch(mount -> mount.getMountPath().equals("/tmp")),
                "has nowhere to write temporary files");
        pod.getVolumes().stream()
                .filter(volume -> volume.getProjected() != null)
                .flatMap(volume -> volume.getProjected().getSources().stream())
                .forEach(this::projection);
    }

    private void projection(VolumeProjection source) {
        if (source.getConfigMap() != null) {
            String name = source.getConfigMap().getName();
            require(
                    name.equals(ROOT_CERTIFICATES)
                            || manifests.named(ConfigMap.class, name).isPresent(),
                    "mounts config map %s, which is not there".formatted(name));
        }
        if (source.getSecret() != null) {
            String name = source.getSecret().getName();
            require(
                    name.equals(set.getMetadata().getName() + "-tls"),
                    "mounts secret %s, which is another's".formatted(name));
        }
    }

    private void probes() {
        for (Probe probe :
                List.of(container.getStartupProbe(), container.getReadinessProbe(), container.getLivenessProbe())) {
            HTTPGetAction get = probe.getHttpGet();
            require(PROBE_PATHS.contains(get.getPath()), "is probed at path " + get.getPath());
            require(
                    ManifestRules.port(get.getPort(), container).equals(Optional.of(ManifestRules.MANAGEMENT_PORT)),
                    "is probed at port %s, which is not the management port"
                            .formatted(get.getPort().getValue()));
        }
    }
}
