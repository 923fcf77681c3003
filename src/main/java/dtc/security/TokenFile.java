package dtc.security;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;

/** The bearer token of this process, read from a file that is renewed externally, for example by the kubelet. */
public final class TokenFile {

    private static final Logger LOG = Logger.getLogger(TokenFile.class);

    /** The token syntax of RFC 6750. Checked because the token is written to a header. */
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]+=*");

    private final Path path;
    private volatile String authorization;

    /**
     * Reads the file, then rereads it periodically.
     *
     * @throws AuthenticationPolicy.InsecureConfigurationException if the file cannot be read initially, or contains no
     *     token
     */
    public TokenFile(Vertx vertx, Path path, Duration rereadEvery) {
        this.path = path;
        try {
            this.authorization = authorization(Files.readString(path));
        } catch (IOException | IllegalArgumentException e) {
            throw new AuthenticationPolicy.InsecureConfigurationException(
                    "Not started: no token can be read from %s (%s)."
                            .formatted(path, e.getClass().getSimpleName()));
        }
        vertx.setPeriodic(
                rereadEvery.toMillis(),
                _ -> vertx.fileSystem()
                        .readFile(path.toString())
                        .map(content -> authorization(content.toString()))
                        .onSuccess(read -> authorization = read)
                        // Keep using the previous token, which is usually still valid.
                        .onFailure(e -> LOG.warnf(
                                "no token can be read from %s (%s)",
                                path, e.getClass().getSimpleName())));
    }

    private static String authorization(String content) {
        String token = content.strip();
        if (!TOKEN.matcher(token).matches()) {
            throw new IllegalArgumentException("no bearer token");
        }
        return "Bearer " + token;
    }

    /** The value of the {@code Authorization} header. */
    String authorization() {
        return authorization;
    }

    @Override
    public String toString() {
        return "token of " + path;
    }
}
