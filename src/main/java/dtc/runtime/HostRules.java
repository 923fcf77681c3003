package dtc.runtime;

import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Which hosts a resource manager's URL may name, so that a registration cannot aim the coordinator at an address of the
 * registrant's choice.
 *
 * @param patterns a host name or address each, or {@code *.domain} for all names below it, or {@code *} for all
 */
public record HostRules(List<String> patterns) {

    private static final Pattern DOTTED_QUAD = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");
    /** Other spellings of an IPv4 address (decimal, octal, hexadecimal, short), understood by some resolvers. */
    private static final Pattern NUMERIC = Pattern.compile("(0x)?[0-9a-f.x]*");

    public boolean allow(String url) {
        String host = URI.create(url).getHost().toLowerCase(Locale.ROOT);
        if (neverAllowed(host)) {
            return false;
        }
        return patterns.stream().map(p -> p.strip().toLowerCase(Locale.ROOT)).anyMatch(p -> matches(p, host));
    }

    private static boolean matches(String pattern, String host) {
        return pattern.equals("*")
                || pattern.equals(host)
                || (pattern.startsWith("*.")
                        && host.endsWith(pattern.substring(1))
                        && host.length() >= pattern.length());
    }

    /** Link-local and metadata addresses, and every spelling that could hide one. */
    private static boolean neverAllowed(String host) {
        if (host.startsWith("[")) {
            String address = host.substring(1, host.length() - 1);
            return !address.equals("::1")
                    && (address.startsWith("fe")
                            || address.startsWith("fd00:ec2")
                            || address.startsWith(":")
                            || address.startsWith("0")
                            || address.startsWith("64:")
                            || address.contains("%"));
        }
        var quad = DOTTED_QUAD.matcher(host);
        if (quad.matches()) {
            return host.startsWith("169.254.")
                    || host.startsWith("0")
                    || host.contains(".0") && hasLeadingZero(host)
                    || host.equals("100.100.100.200");
        }
        boolean looksNumeric =
                NUMERIC.matcher(host).matches() && Character.isDigit(host.charAt(0)) && !host.matches(".*[a-wyz].*");
        return looksNumeric || host.equals("metadata") || host.startsWith("metadata.") || host.endsWith(".");
    }

    private static boolean hasLeadingZero(String host) {
        return Pattern.compile("\\.0\\d").matcher(host).find();
    }
}
