package dtc.kubernetes;

import io.fabric8.kubernetes.api.model.networking.v1.IPBlock;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRule;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Which connections to addresses outside of pods the network policies allow. */
record Egress(List<NetworkPolicy> policies) {

    /** @param labels those of the pod */
    boolean isAllowed(Map<String, String> labels, String address, int port, String protocol) {
        return policies.stream()
                .filter(policy -> policy.getSpec().getPolicyTypes().contains("Egress"))
                .filter(policy -> ManifestRules.selects(policy.getSpec().getPodSelector(), labels))
                .flatMap(policy -> policy.getSpec().getEgress().stream())
                .anyMatch(rule -> hasPort(rule, port, protocol) && hasAddress(rule, address));
    }

    private static boolean hasPort(NetworkPolicyEgressRule rule, int port, String protocol) {
        return rule.getPorts().isEmpty()
                || rule.getPorts().stream()
                        .anyMatch(one -> Objects.equals(one.getPort().getIntVal(), port)
                                && one.getProtocol().equals(protocol));
    }

    private static boolean hasAddress(NetworkPolicyEgressRule rule, String address) {
        return rule.getTo().isEmpty()
                || rule.getTo().stream()
                        .anyMatch(peer -> peer.getIpBlock() != null && contains(peer.getIpBlock(), address));
    }

    private static boolean contains(IPBlock block, String address) {
        return contains(block.getCidr(), address)
                && block.getExcept().stream().noneMatch(except -> contains(except, address));
    }

    private static boolean contains(String cidr, String address) {
        String[] parts = cidr.split("/", -1);
        byte[] network = bytes(parts[0]);
        byte[] other = bytes(address);
        int hostBits = network.length * Byte.SIZE - Integer.parseInt(parts[1]);
        return network.length == other.length
                && new BigInteger(1, network)
                        .shiftRight(hostBits)
                        .equals(new BigInteger(1, other).shiftRight(hostBits));
    }

    private static byte[] bytes(String address) {
        try {
            return InetAddress.getByName(address).getAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
