package dtc.store.postgresql;

import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where the tables are, and who uses them.
 *
 * @param urlKey the configuration key of the URL, for messages
 * @param passwordFile read at each opening, so that the password can be changed; null if none is needed
 * @param sslMode as in libpq
 * @param batchMax the maximum number of changes in one statement
 */
public record PostgresSettings(
        String urlKey,
        String host,
        int port,
        String database,
        String username,
        @Nullable Path passwordFile,
        String schema,
        String sslMode,
        int batchMax) {

    private static final Set<String> SCHEMES = Set.of("postgresql", "postgres");

    private static final int DEFAULT_PORT = 5432;

    private static final Pattern SCHEMA = Pattern.compile("[a-z_][a-z0-9_]{0,62}");

    private static final Map<String, String> SSL_MODES = Map.of(
            "disable", "without TLS",
            "prefer", "with TLS if the server supports it",
            "require", "with TLS, without a check of the certificate",
            "verify-ca", "with TLS and a check of the certificate",
            "verify-full", "with TLS and a check of the certificate and the host name");

    /**
     * Reads a URL of the form {@code postgresql://host[:port]/database[?sslmode=…]}.
     *
     * @throws IllegalArgumentException if something is not valid. The message names the key, and never the password.
     */
    public static PostgresSettings of(
            String urlKey,
            String url,
            @Nullable String username,
            @Nullable Path passwordFile,
            String schema,
            String defaultSslMode,
            int batchMax) {
        URI uri;
        try {
            uri = URI.create(url);
        } catch (IllegalArgumentException _) {
            throw malformed(urlKey);
        }
        String path = uri.getPath() == null ? "" : uri.getPath();
        String userInfo = uri.getUserInfo();
        if (uri.getScheme() == null
                || !SCHEMES.contains(uri.getScheme())
                || uri.getHost() == null
                || path.length() < 2
                || path.indexOf('/', 1) >= 0
                || uri.getFragment() != null) {
            throw malformed(urlKey);
        }
        if (userInfo != null && userInfo.contains(":")) {
            throw new IllegalArgumentException(
                    urlKey + " must not contain a password. Put it into a file, and set dtc.rm.store.password-file"
                            + " (DTC_RM_STORE_PASSWORD_FILE)");
        }
        String user = username != null ? username : userInfo;
        if (user == null) {
            throw new IllegalArgumentException(
                    "the database needs a user: set dtc.rm.store.username (DTC_RM_STORE_USERNAME)");
        }
        if (!SCHEMA.matcher(schema).matches()) {
            throw new IllegalArgumentException(
                    "dtc.rm.store.schema (DTC_RM_STORE_SCHEMA) must be a name of lower-case letters, digits and '_'");
        }
        return new PostgresSettings(
                urlKey,
                uri.getHost().replaceAll("^\\[|]$", ""),
                uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort(),
                path.substring(1),
                user,
                passwordFile,
                schema,
                sslMode(urlKey, uri.getQuery(), defaultSslMode),
                batchMax);
    }

    private static IllegalArgumentException malformed(String urlKey) {
        return new IllegalArgumentException(
                urlKey + " must be postgresql://host[:port]/database[?sslmode=verify-full]");
    }

    private static String sslMode(String urlKey, @Nullable String query, String byDefault) {
        if (query == null) {
            return byDefault;
        }
        String mode = query.startsWith("sslmode=") ? query.substring("sslmode=".length()) : "";
        if (!SSL_MODES.containsKey(mode)) {
            throw new IllegalArgumentException(
                    urlKey + " may have one parameter, sslmode: " + new TreeMap<>(SSL_MODES));
        }
        return mode;
    }

    /** {@code host:port/database}. */
    String address() {
        return host + ":" + port + "/" + database;
    }
}
