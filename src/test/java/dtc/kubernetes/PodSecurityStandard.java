package dtc.kubernetes;

import io.fabric8.kubernetes.api.model.Capabilities;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.SELinuxOptions;
import io.fabric8.kubernetes.api.model.SeccompProfile;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Sysctl;
import io.fabric8.kubernetes.api.model.TCPSocketAction;
import io.fabric8.kubernetes.api.model.Volume;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The level "restricted" of the Pod Security Standards, control by control as published at
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/, for Linux. It includes the level "baseline".
 */
final class PodSecurityStandard {

    private static final Set<String> SECCOMP = Set.of("RuntimeDefault", "Localhost");
    private static final Set<String> APP_ARMOR = Set.of("RuntimeDefault", "Localhost");
    private static final Set<String> SELINUX_TYPES =
            Set.of("container_t", "container_init_t", "container_kvm_t", "container_engine_t");
    private static final Set<String> SYSCTLS = Set.of(
            "kernel.shm_rmid_forced",
            "net.ipv4.ip_local_port_range",
            "net.ipv4.ip_unprivileged_port_start",
            "net.ipv4.tcp_syncookies",
            "net.ipv4.ping_group_range",
            "net.ipv4.ip_local_reserved_ports",
            "net.ipv4.tcp_keepalive_time",
            "net.ipv4.tcp_fin_timeout",
            "net.ipv4.tcp_keepalive_intvl",
            "net.ipv4.tcp_keepalive_probes");

    private final List<String> violations = new ArrayList<>();
    private final PodSpec pod;

    private PodSecurityStandard(PodSpec pod) {
        this.pod = pod;
    }

    static List<String> violations(PodSpec pod) {
        PodSecurityStandard standard = new PodSecurityStandard(pod);
        standard.pod();
        Stream.of(pod.getInitContainers(), pod.getContainers())
                .flatMap(List::stream)
                .forEach(standard::container);
        standard.require(pod.getEphemeralContainers().isEmpty(), "declares ephemeral containers");
        return standard.violations;
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            violations.add(otherwise);
        }
    }

    private static boolean isTrue(@Nullable Boolean value) {
        return Objects.equals(value, true);
    }

    private void pod() {
        require(
                !isTrue(pod.getHostNetwork()) && !isTrue(pod.getHostPID()) && !isTrue(pod.getHostIPC()),
                "shares a namespace of the host");
        pod.getVolumes()
                .forEach(volume -> require(
                        isAllowed(volume), "has volume %s of a type that is not allowed".formatted(volume.getName())));
        PodSecurityContext context = pod.getSecurityContext();
        if (context == null) {
            return;
        }
        require(!Objects.equals(context.getRunAsUser(), 0L), "runs as root");
        selinux(context.getSeLinuxOptions());
        require(
                context.getAppArmorProfile() == null
                        || APP_ARMOR.contains(context.getAppArmorProfile().getType()),
                "has no AppArmor profile");
        require(context.getWindowsOptions() == null, "has options of Windows");
        for (Sysctl sysctl : context.getSysctls()) {
            require(SYSCTLS.contains(sysctl.getName()), "sets kernel parameter " + sysctl.getName());
        }
    }

    private static boolean isAllowed(Volume volume) {
        return Stream.of(
                                volume.getConfigMap(),
                                volume.getCsi(),
                                volume.getDownwardAPI(),
                                volume.getEmptyDir(),
                                volume.getEphemeral(),
                                volume.getPersistentVolumeClaim(),
                                volume.getProjected(),
                                volume.getSecret())
                        .filter(Objects::nonNull)
                        .count()
                == 1;
    }

    private void container(Container container) {
        SecurityContext context = Objects.requireNonNullElseGet(container.getSecurityContext(), SecurityContext::new);
        PodSecurityContext inherited = Objects.requireNonNullElseGet(pod.getSecurityContext(), PodSecurityContext::new);
        require(!isTrue(context.getPrivileged()), "is privileged");
        require(Objects.equals(context.getAllowPrivilegeEscalation(), false), "may gain privileges");
        require(
                isTrue(Objects.requireNonNullElse(context.getRunAsNonRoot(), isTrue(inherited.getRunAsNonRoot()))),
                "may run as root");
        require(!Objects.equals(context.getRunAsUser(), 0L), "runs as root");
        SeccompProfile seccomp =
                context.getSeccompProfile() == null ? inherited.getSeccompProfile() : context.getSeccompProfile();
        require(seccomp != null && SECCOMP.contains(seccomp.getType()), "has no seccomp profile");
        Capabilities capabilities = Objects.requireNonNullElseGet(context.getCapabilities(), Capabilities::new);
        require(
                capabilities.getDrop().contains("ALL")
                        && capabilities.getAdd().stream().allMatch("NET_BIND_SERVICE"::equals),
                "keeps capabilities");
        selinux(context.getSeLinuxOptions());
        require(
                context.getAppArmorProfile() == null
                        || APP_ARMOR.contains(context.getAppArmorProfile().getType()),
                "has no AppArmor profile");
        require(
                context.getProcMount() == null || context.getProcMount().equals("Default"),
                "sees all of /proc of the host");
        require(context.getWindowsOptions() == null, "has options of Windows");
        for (ContainerPort port : container.getPorts()) {
            require(
                    port.getHostPort() == null || port.getHostPort() == 0,
                    "listens on port %s of the host".formatted(port.getHostPort()));
        }
        probe(container.getStartupProbe());
        probe(container.getReadinessProbe());
        probe(container.getLivenessProbe());
        if (container.getLifecycle() != null) {
            hook(container.getLifecycle().getPostStart());
            hook(container.getLifecycle().getPreStop());
        }
    }

    private void selinux(@Nullable SELinuxOptions options) {
        require(
                options == null
                        || (options.getUser() == null
                                && options.getRole() == null
                                && (options.getType() == null || SELINUX_TYPES.contains(options.getType()))),
                "has an SELinux type that is not allowed");
    }

    private void probe(@Nullable Probe probe) {
        if (probe != null) {
            host(probe.getHttpGet(), probe.getTcpSocket());
        }
    }

    private void hook(@Nullable LifecycleHandler hook) {
        if (hook != null) {
            host(hook.getHttpGet(), hook.getTcpSocket());
        }
    }

    private void host(@Nullable HTTPGetAction http, @Nullable TCPSocketAction tcp) {
        String host = http != null ? http.getHost() : tcp != null ? tcp.getHost() : null;
        require(host == null || host.isEmpty(), "is probed at another host: " + host);
    }
}
