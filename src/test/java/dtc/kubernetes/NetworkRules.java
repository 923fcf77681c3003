package dtc.kubernetes;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.openshift.api.model.monitoring.v1.Endpoint;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** What finds, guards and counts pods: services, policies, budget and monitor name pods and ports that are there. */
final class NetworkRules {

    private final ManifestRules rules;
    private final Manifests manifests;

    NetworkRules(ManifestRules rules, Manifests manifests) {
        this.rules = rules;
        this.manifests = manifests;
    }

    void check() {
        manifests.all(Service.class).forEach(this::service);
        manifests.all(NetworkPolicy.class).forEach(this::networkPolicy);
        manifests.all(PodDisruptionBudget.class).forEach(this::disruptionBudget);
        manifests.all(ServiceMonitor.class).forEach(this::serviceMonitor);
    }

    private List<StatefulSet> selected(LabelSelector selector) {
        return manifests.all(StatefulSet.class).stream()
                .filter(set -> ManifestRules.selects(selector, ManifestRules.podLabels(set)))
                .toList();
    }

    private void service(Service service) {
        List<StatefulSet> sets = manifests.all(StatefulSet.class).stream()
                .filter(set -> ManifestRules.isSelectedBy(set, service))
                .toList();
        rules.require(!sets.isEmpty(), service, "selects no pod");
        for (StatefulSet set : sets) {
            for (ServicePort port : service.getSpec().getPorts()) {
                Optional<Integer> target = ManifestRules.port(port.getTargetPort(), ManifestRules.container(set));
                rules.require(
                        target.isPresent(),
                        service,
                        "leads to port %s, which is not there"
                                .formatted(port.getTargetPort().getValue()));
                // Nothing translates ports behind a headless service: its addresses are the pods' own.
                rules.require(
                        !ManifestRules.isHeadless(service) || target.equals(Optional.of(port.getPort())),
                        service,
                        "is headless, and its port %s is not the pod's".formatted(port.getPort()));
            }
        }
    }

    private void networkPolicy(NetworkPolicy policy) {
        List<StatefulSet> subjects = selected(policy.getSpec().getPodSelector());
        rules.require(!subjects.isEmpty(), policy, "applies to no pod");
        policy.getSpec().getIngress().forEach(rule -> {
            rule.getFrom().stream().filter(NetworkRules::isOurs).forEach(peer -> peer(policy, peer));
            rule.getPorts().forEach(port -> listening(policy, port, subjects));
        });
        policy.getSpec()
                .getEgress()
                .forEach(rule -> rule.getTo().stream()
                        .filter(NetworkRules::isOurs)
                        .forEach(peer -> {
                            peer(policy, peer);
                            rule.getPorts().forEach(port -> listening(policy, port, selected(peer.getPodSelector())));
                        }));
    }

    private static boolean isOurs(NetworkPolicyPeer peer) {
        return peer.getPodSelector() != null && peer.getNamespaceSelector() == null;
    }

    private void peer(NetworkPolicy policy, NetworkPolicyPeer peer) {
        rules.require(!selected(peer.getPodSelector()).isEmpty(), policy, "names a peer that is no pod of ours");
    }

    private void listening(NetworkPolicy policy, NetworkPolicyPort port, List<StatefulSet> targets) {
        rules.require(
                targets.stream()
                        .map(ManifestRules::container)
                        .allMatch(container -> container.getPorts().stream()
                                .anyMatch(one -> one.getContainerPort()
                                        .equals(port.getPort().getIntVal()))),
                policy,
                "opens port %s, where nobody listens".formatted(port.getPort().getValue()));
    }

    private void disruptionBudget(PodDisruptionBudget budget) {
        int pods = selected(budget.getSpec().getSelector()).stream()
                .mapToInt(set -> set.getSpec().getReplicas())
                .sum();
        rules.require(pods > 1, budget, "protects %s pods".formatted(pods));
        rules.require(
                budget.getSpec().getMinAvailable() == null
                        && Objects.equals(budget.getSpec().getMaxUnavailable(), new IntOrString(1)),
                budget,
                "does not allow exactly one eviction at a time");
        rules.require(
                Objects.equals(budget.getSpec().getUnhealthyPodEvictionPolicy(), "AlwaysAllow"),
                budget,
                "blocks the drain of a node with a pod that does not become ready");
    }

    private void serviceMonitor(ServiceMonitor monitor) {
        List<Service> services = manifests.all(Service.class).stream()
                .filter(service -> ManifestRules.selects(monitor.getSpec().getSelector(), labels(service)))
                .toList();
        for (StatefulSet set : manifests.all(StatefulSet.class)) {
            long found = services.stream()
                    .filter(service -> ManifestRules.isSelectedBy(set, service))
                    .count();
            rules.require(
                    found == 1,
                    monitor,
                    "does not find %s exactly once".formatted(set.getMetadata().getName()));
        }
        for (Endpoint endpoint : monitor.getSpec().getEndpoints()) {
            rules.require(
                    services.stream()
                            .allMatch(service -> service.getSpec().getPorts().stream()
                                    .anyMatch(port -> port.getName().equals(endpoint.getPort())
                                            && port.getPort() == ManifestRules.MANAGEMENT_PORT)),
                    monitor,
                    "scrapes port %s, which is not the management port".formatted(endpoint.getPort()));
            rules.require(endpoint.getPath().equals("/q/metrics"), monitor, "scrapes path " + endpoint.getPath());
        }
    }

    private static Map<String, String> labels(HasMetadata object) {
        return object.getMetadata().getLabels();
    }
}
