package dtc.rest;

import io.vertx.core.http.HttpServerRequest;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * The path of a request in the form in which it is routed: characters that need no percent-encoding are decoded (RFC
 * 3986, section 6.2.2.2), so that {@code /%74ransactions} is {@code /transactions}. Other encoded characters, such as a
 * slash, are data within their segment. All rules about paths apply to this form.
 *
 * <p>Frameworks also rewrite other paths before they match them: they remove dot segments, empty segments and path
 * parameters, and replace malformed percent-encoding. Different paths, for example those of two entries, would then be
 * the same. Such paths have a {@link #findFault} and are refused.
 */
final class RequestPath {

    private static final int ESCAPE_CHARS = 3;

    private RequestPath() {}

    /** Returns the path; empty if the request has none. */
    static String of(HttpServerRequest request) {
        String path = request.path();
        return path == null ? "" : decodeUnreserved(path);
    }

    /** Decodes the characters that need no percent-encoding. Leaves malformed percent-encoding unchanged. */
    static String decodeUnreserved(String path) {
        int escape = path.indexOf('%');
        if (escape < 0) {
            return path;
        }
        StringBuilder decoded = new StringBuilder(path.length());
        int end = 0;
        for (; escape >= 0; escape = path.indexOf('%', end)) {
            decoded.append(path, end, escape);
            int octet = decodeOctet(path, escape);
            boolean unreserved = isUnreserved(octet);
            decoded.append(unreserved ? (char) octet : '%');
            end = escape + (unreserved ? ESCAPE_CHARS : 1);
        }
        return decoded.append(path, end, path.length()).toString();
    }

    /** Returns the octet that is encoded at a position; -1 if none is. */
    private static int decodeOctet(String path, int position) {
        boolean isEscape = position + ESCAPE_CHARS <= path.length()
                && HexFormat.isHexDigit(path.charAt(position + 1))
                && HexFormat.isHexDigit(path.charAt(position + 2));
        return isEscape ? HexFormat.fromHexDigits(path, position + 1, position + ESCAPE_CHARS) : -1;
    }

    private static boolean isUnreserved(int octet) {
        return (octet >= 'a' && octet <= 'z')
                || (octet >= 'A' && octet <= 'Z')
                || (octet >= '0' && octet <= '9')
                || octet == '-'
                || octet == '.'
                || octet == '_'
                || octet == '~';
    }

    /** Whether a path belongs to the API. Others belong to the console and to Quarkus. */
    static boolean isApi(String path) {
        return isBelow(path, "/transactions") || isBelow(path, "/resource-managers") || isBelow(path, "/rm");
    }

    /** Whether a path belongs to health, metrics and the description of the API. */
    static boolean isManagement(String path) {
        return isBelow(path, "/q");
    }

    private static boolean isBelow(String path, String root) {
        return path.startsWith(root) && (path.length() == root.length() || path.charAt(root.length()) == '/');
    }

    /** Describes why a path is invalid; null if it is valid. */
    static @Nullable String findFault(String path) {
        boolean isAmbiguous = path.indexOf(';') >= 0
                || path.contains("//")
                || hasDotSegment(path)
                || (path.endsWith("/") && isApi(path));
        if (isAmbiguous) {
            return "must not contain ';' (encode it as %3B), an empty segment, '.' or '..'";
        }
        return isEncoded(path) ? null : "must be percent-encoded UTF-8";
    }

    private static boolean hasDotSegment(String path) {
        for (int start = path.indexOf("/."); start >= 0; start = path.indexOf("/.", start + 1)) {
            int end = path.startsWith("/..", start) ? start + 3 : start + 2;
            if (end == path.length() || path.charAt(end) == '/') {
                return true;
            }
        }
        return false;
    }

    /** Whether a path consists of ASCII characters, and of percent-encoded octets that are UTF-8. */
    private static boolean isEncoded(String path) {
        if (path.chars().anyMatch(c -> c > '~')) {
            return false;
        }
        if (path.indexOf('%') < 0) {
            return true;
        }
        ByteBuffer octets = ByteBuffer.allocate(path.length());
        for (int i = 0; i < path.length(); i++) {
            int octet = path.charAt(i);
            if (octet == '%') {
                octet = decodeOctet(path, i);
                i += ESCAPE_CHARS - 1;
            }
            if (octet < 0) {
                return false;
            }
            octets.put((byte) octet);
        }
        try {
            StandardCharsets.UTF_8.newDecoder().decode(octets.flip());
            return true;
        } catch (CharacterCodingException _) {
            return false;
        }
    }
}
