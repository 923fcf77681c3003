package dtc.runtime;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Which hosts a resource manager's URL may name, so that a registration cannot aim the coordinator at an address of the
 * registrant's choice.
 *
 * @param patterns a host name or address each, or {@code *.domain} for all names below it, or {@code *} for all
 */
public record HostRules(List<String> patterns) {

    /** Where clouds serve credentials to whoever asks, beside the link-local 169.254.169.254. */
    private static final Set<String> METADATA =
            Set.of("100.100.100.200", "fd00:ec2:0:0:0:0:0:254", "metadata", "metadata.google.internal");

    /** Whether {@code url}, which is well-formed, may be called. No name is looked up. */
    public boolean allow(String url) {
        String host = URI.create(url).getHost().toLowerCase(Locale.ROOT);
        return !neverAllowed(host)
                && patterns.stream()
                        .map(p -> p.strip().toLowerCase(Locale.ROOT))
                        .anyMatch(p -> matches(p, host));
    }

    private static boolean matches(String pattern, String host) {
        return pattern.equals("*")
                || pattern.equals(host)
                || (pattern.startsWith("*.")
                        && host.endsWith(pattern.substring(1))
                        && host.length() >= pattern.length());
    }

    /** Link-local and metadata addresses, the wildcard address, and every unusual spelling that could hide one. */
    private static boolean neverAllowed(String host) {
        if (host.endsWith(".") || METADATA.contains(host)) {
            return true;
        }
        if (host.startsWith("[")) {
            try {
                return neverAllowed(InetAddress.ofLiteral(host));
            } catch (IllegalArgumentException _) {
                return true; // a zone, or nothing that is an address
            }
        }
        InetAddress address;
        try {
            address = Inet4Address.ofPosixLiteral(host);
        } catch (IllegalArgumentException _) {
            return false; // a name
        }
        // 2852039166, 0xa9fea9fe and 0251.0376.0251.0376 are all 169.254.169.254 to some resolvers.
        return !address.getHostAddress().equals(host) || neverAllowed(address);
    }

    private static boolean neverAllowed(InetAddress address) {
        return address.isLinkLocalAddress()
                || address.isAnyLocalAddress()
                || address.isMulticastAddress()
                || METADATA.contains(address.getHostAddress());
    }
}
