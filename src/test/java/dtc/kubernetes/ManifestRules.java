package dtc.kubernetes;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClass;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** What has to hold between the objects of one overlay, and between them and the application's own configuration. */
final class ManifestRules {

    /** Where the application tells its health and its metrics. */
    static final int MANAGEMENT_PORT = 9000;

    private static final String COMPONENT = "app.kubernetes.io/component";

    private final List<String> violations = new ArrayList<>();

    private ManifestRules() {}

    /** A sentence for each violation. */
    static List<String> violations(Manifests manifests) {
        ManifestRules rules = new ManifestRules();
        rules.namespaces(manifests);
        rules.resourceManagersAreAlike(manifests);
        for (StatefulSet set : manifests.all(StatefulSet.class)) {
            new PodRules(rules, manifests, set).check();
            new ConfigurationRules(rules, manifests, set).check();
        }
        new NetworkRules(rules, manifests).check();
        return List.copyOf(rules.violations);
    }

    /** @param otherwise what is said of the subject where it does not hold */
    void require(boolean holds, HasMetadata subject, String otherwise) {
        if (!holds) {
            violations.add(subject.getKind() + " " + subject.getMetadata().getName() + " " + otherwise);
        }
    }

    private void namespaces(Manifests manifests) {
        Namespace namespace = manifests.all(Namespace.class).getFirst();
        String name = namespace.getMetadata().getName();
        require(
                Objects.equals(
                        namespace.getMetadata().getLabels().get("pod-security.kubernetes.io/enforce"), "restricted"),
                namespace,
                "does not enforce restricted pod security");
        for (HasMetadata object : manifests.objects()) {
            boolean ofTheCluster = object instanceof Namespace || object instanceof PriorityClass;
            require(
                    ofTheCluster || name.equals(object.getMetadata().getNamespace()),
                    object,
                    "is not in namespace " + name);
        }
    }

    /** They are written down one by one, and differ by their name alone. */
    private void resourceManagersAreAlike(Manifests manifests) {
        List<StatefulSet> sets = manifests.all(StatefulSet.class).stream()
                .filter(set -> is(podLabels(set), "resource-manager"))
                .toList();
        for (StatefulSet set : sets) {
            require(
                    withoutName(set).equals(withoutName(sets.getFirst())),
                    set,
                    "differs from " + sets.getFirst().getMetadata().getName() + " by more than its name");
        }
    }

    private static String withoutName(StatefulSet set) {
        return set.toString().replace(set.getMetadata().getName(), "<name>");
    }

    // Words that the rules share

    static boolean is(Map<String, String> labels, String component) {
        return component.equals(labels.get(COMPONENT));
    }

    static Container container(StatefulSet set) {
        return set.getSpec().getTemplate().getSpec().getContainers().getFirst();
    }

    static Map<String, String> podLabels(StatefulSet set) {
        return set.getSpec().getTemplate().getMetadata().getLabels();
    }

    static boolean isSelectedBy(StatefulSet set, Service service) {
        return podLabels(set)
                .entrySet()
                .containsAll(service.getSpec().getSelector().entrySet());
    }

    static boolean selects(LabelSelector selector, Map<String, String> labels) {
        return (selector.getMatchLabels() == null
                        || labels.entrySet()
                                .containsAll(selector.getMatchLabels().entrySet()))
                && selector.getMatchExpressions().stream().allMatch(one -> selects(one, labels));
    }

    private static boolean selects(LabelSelectorRequirement requirement, Map<String, String> labels) {
        if (!requirement.getOperator().equals("In")) {
            throw new IllegalArgumentException(requirement.getOperator());
        }
        return requirement.getValues().contains(labels.get(requirement.getKey()));
    }

    /** The number of a container's port that is named, or given as a number. */
    static Optional<Integer> port(IntOrString port, Container container) {
        return container.getPorts().stream()
                .filter(one -> one.getName().equals(port.getStrVal())
                        || one.getContainerPort().equals(port.getIntVal()))
                .map(ContainerPort::getContainerPort)
                .findFirst();
    }

    static boolean isHeadless(Service service) {
        return Objects.equals(service.getSpec().getClusterIP(), "None");
    }
}
