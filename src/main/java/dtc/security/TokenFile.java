package dtc.security;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;

/** This process's own bearer token, in a file that somebody else renews: a Kubernetes node, an agent. */
public final class TokenFile {

    private static final Logger LOG = Logger.getLogger(TokenFile.class);

    /** RFC 6750. It becomes a header, so nothing else may be in it. */
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]+=*");

    private final Path path;
    private volatile String authorization;

    /**
     * Reads the file now, and then again and again.
     *
     * @throws Exposure.Unsafe where it cannot be read now, or holds no token
     */
    public TokenFile(Vertx vertx, Path path, Duration rereadEvery) {
        this.path = path;
        try {
            this.authorization = authorization(Files.readString(path));
        } catch (IOException | IllegalArgumentException e) {
            throw new Exposure.Unsafe("Not started: no token can be read from %s (%s)."
                    .formatted(path, e.getClass().getSimpleName()));
        }
        vertx.setPeriodic(
                rereadEvery.toMillis(),
                _ -> vertx.fileSystem()
                        .readFile(path.toString())
                        .map(content -> authorization(content.toString()))
                        .onSuccess(read -> authorization = read)
                        // The former one is tried on: it is mostly still good.
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
