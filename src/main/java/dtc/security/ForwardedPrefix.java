package dtc.security;

import io.vertx.core.http.HttpServerRequest;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The prefix that proxies removed from the path of a request. Each sends its own in X-Forwarded-Prefix. Any client can
 * send this header, but only its own response depends on it.
 */
public final class ForwardedPrefix {

    private static final String HEADER = "X-Forwarded-Prefix";

    /** A path on this server: "//host" would be another server. */
    private static final Pattern PATH = Pattern.compile("(/[A-Za-z0-9._~-]+)+");

    private ForwardedPrefix() {}

    /** Returns the path of this process as the client reaches it, with a slash at the end: "/" without a prefix. */
    public static String root(HttpServerRequest request) {
        if (!request.headers().contains(HEADER)) {
            return "/";
        }
        String prefix = request.headers().getAll(HEADER).stream()
                .flatMap(value -> Stream.of(value.split(",", -1)))
                .map(value -> value.strip().replaceFirst("/+$", ""))
                .collect(Collectors.joining());
        return PATH.matcher(prefix).matches() ? prefix + "/" : "/";
    }
}
