package dtc.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Properties;
import java.util.regex.Pattern;

/**
 * The version of the program and the commit that it was built from.
 *
 * @param commit a hash, or {@link #UNKNOWN}
 */
public record BuildVersion(String version, String commit) {

    /** The commit of a build without a repository. */
    static final String UNKNOWN = "unknown";

    private static final Pattern HASH = Pattern.compile("[0-9a-f]{7,64}");
    private static final int SHORT_HASH_CHARS = 12;

    /** The version of the running program. A native image determines it at build time. */
    public static final BuildVersion CURRENT = read();

    private static BuildVersion read() {
        Properties properties = new Properties();
        try (InputStream file = BuildVersion.class.getResourceAsStream("/dtc/version.properties")) {
            properties.load(Objects.requireNonNull(file, "the build has no version.properties"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return of(properties);
    }

    /** Uses the commit of the repository if there is one; otherwise that of the source archive. */
    static BuildVersion of(Properties properties) {
        String commit = UNKNOWN;
        for (String key : new String[] {"archived", "commit"}) {
            String value = properties.getProperty(key, "");
            commit = HASH.matcher(value).matches() ? value : commit;
        }
        return new BuildVersion(properties.getProperty("version", UNKNOWN), commit);
    }

    /** The abbreviated commit, for display. */
    public String shortCommit() {
        return commit.substring(0, Math.min(commit.length(), SHORT_HASH_CHARS));
    }

    @Override
    public String toString() {
        return "%s (commit %s)".formatted(version, shortCommit());
    }
}
