package dtc.security;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The hosts that may appear in the URL of a resource manager. Prevents a registration from making the coordinator call
 * arbitrary addresses.
 *
 * @param patterns each a host name or address, {@code *.domain} for all names below a domain, or {@code *} for all
 */
public record HostRules(List<String> patterns) {

    /** Cloud metadata services, which serve credentials. 169.254.169.254 is refused as a link-local address. */
    private static final Set<String> METADATA = Set.of(
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd00:ec2:0:0:0:0:0:254",
            "metadata",
            "metadata.google.internal");

    private static final Set<String> LOCALHOST = Set.of("127.0.0.1", "0:0:0:0:0:0:0:1");

    private static final int IPV4_BYTES = 4;
    private static final String SIX_TO_FOUR = "2002";
    private static final String NAT64 = "0064ff9b0000000000000000";
    private static final String COMPATIBLE = "000000000000000000000000";

    public HostRules {
        patterns = patterns.stream().map(HostRules::plain).toList();
    }

    /** Normalizes a host, because an IPv6 address has several spellings. */
    private static String plain(String host) {
        String plain = host.strip().toLowerCase(Locale.ROOT);
        return plain.startsWith("[") ? "[" + InetAddress.ofLiteral(plain).getHostAddress() + "]" : plain;
    }

    /** Whether {@code url} may be called. It must be well-formed. Names are not resolved. */
    public boolean allow(String url) {
        String host = URI.create(url).getHost();
        if (host == null || host.contains("%")) {
            return false; // not a valid host, or an IPv6 address with a zone, which selects a local network interface
        }
        String plain = plain(host);
        return !neverAllowed(plain) && patterns.stream().anyMatch(p -> matches(p, plain));
    }

    /**
     * Whether a connection to an allowed URL may be used, given the address that it connected to. Checked because the
     * owner of a name can change its address at any time. Loopback addresses must be listed explicitly.
     */
    public boolean allow(InetAddress connected) {
        return !neverAllowed(connected) && (!connected.isLoopbackAddress() || allowsLoopback(connected));
    }

    private boolean allowsLoopback(InetAddress address) {
        return patterns.stream().anyMatch(p -> switch (p) {
            case "*" -> true;
            case "localhost" -> LOCALHOST.contains(address.getHostAddress());
            default -> p.equals(address.getHostAddress()) || p.equals("[" + address.getHostAddress() + "]");
        });
    }

    private static boolean matches(String pattern, String host) {
        return pattern.equals("*")
                || pattern.equals(host)
                || (pattern.startsWith("*.")
                        && host.endsWith(pattern.substring(1))
                        && host.length() >= pattern.length());
    }

    /**
     * Whether a host is a link-local, multicast, metadata or wildcard address, or an unusual spelling that may resolve
     * to one.
     */
    private static boolean neverAllowed(String host) {
        if (host.endsWith(".") || METADATA.contains(host)) {
            return true;
        }
        if (host.startsWith("[")) {
            try {
                return neverAllowed(InetAddress.ofLiteral(host));
            } catch (IllegalArgumentException _) {
                return true; // it has a zone, or is not an address
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
        InetAddress embedded = embedded(address);
        return address.isLinkLocalAddress()
                || address.isAnyLocalAddress()
                || address.isMulticastAddress()
                || METADATA.contains(address.getHostAddress())
                || (embedded != null && (embedded.isLoopbackAddress() || neverAllowed(embedded)));
    }

    /** Returns the IPv4 address embedded in a NAT64, 6to4 or IPv4-compatible IPv6 address; null for other addresses. */
    private static @Nullable InetAddress embedded(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length == IPV4_BYTES || address.isLoopbackAddress() || address.isAnyLocalAddress()) {
            return null;
        }
        String prefix = HexFormat.of().formatHex(bytes, 0, bytes.length - IPV4_BYTES);
        int at = prefix.startsWith(SIX_TO_FOUR) ? 2 : prefix.equals(NAT64) || prefix.equals(COMPATIBLE) ? 12 : -1;
        try {
            return at < 0 ? null : InetAddress.getByAddress(Arrays.copyOfRange(bytes, at, at + IPV4_BYTES));
        } catch (UnknownHostException e) {
            throw new IllegalStateException("four bytes are an address", e);
        }
    }
}
