package dtc.kubernetes;

import dtc.app.DtcConfig;
import io.quarkus.runtime.annotations.ConfigPhase;
import io.quarkus.runtime.annotations.ConfigRoot;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.ConfigMappings;
import io.smallrye.config.ConfigMappings.ConfigClass;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The environment variables that the application, or a part of Quarkus in it, reads at run time. Taken from the
 * mappings that read them, so that a misspelt one, or one that only counts when the application is built, is found.
 */
final class EnvironmentVariables {

    /** Named by the manifests already, read by parts of the application that are not there yet. */
    static final Set<String> PLANNED = Set.of(
            "DTC_LOG_DIRECTORY",
            "DTC_LOG_KIND", // not yet with the value "file"
            "DTC_SECURITY_MODE",
            "QUARKUS_OIDC_AUTH_SERVER_URL",
            "QUARKUS_OIDC_TOKEN_AUDIENCE");

    private static final List<Pattern> KNOWN = known();

    private EnvironmentVariables() {}

    static boolean isKnown(String variable) {
        return PLANNED.contains(variable) || isThere(variable);
    }

    static boolean isThere(String variable) {
        return KNOWN.stream().anyMatch(pattern -> pattern.matcher(variable).matches());
    }

    /** The application's configuration under {@code environment}; fails where a value cannot be read. */
    static DtcConfig read(Map<String, String> environment) {
        Map<String, String> readable = new TreeMap<>(environment);
        readable.keySet().removeAll(PLANNED);
        return under(readable).getConfigMapping(DtcConfig.class);
    }

    private static SmallRyeConfig under(Map<String, String> environment) {
        return new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withSources(new EnvConfigSource(environment, 300))
                .withMapping(DtcConfig.class)
                .build();
    }

    private static List<Pattern> known() {
        List<Pattern> patterns = new ArrayList<>(patterns(DtcConfig.class));
        for (String root : quarkusRoots()) {
            try {
                Class<?> type = Class.forName(root);
                ConfigRoot annotation = type.getAnnotation(ConfigRoot.class);
                if (annotation != null
                        && annotation.phase() == ConfigPhase.RUN_TIME
                        && type.isAnnotationPresent(ConfigMapping.class)) {
                    patterns.addAll(patterns(type));
                }
            } catch (ClassNotFoundException | NoClassDefFoundError _) {
                // Of a part that is not in this application.
            }
        }
        return patterns;
    }

    private static List<Pattern> patterns(Class<?> mapping) {
        return ConfigMappings.getProperties(ConfigClass.configClass(mapping)).keySet().stream()
                .map(EnvironmentVariables::pattern)
                .toList();
    }

    /** {@code quarkus.tls.*.trust-store.pem.certs[*]} gives {@code QUARKUS_TLS_[A-Z0-9_]+_TRUST_STORE_PEM_CERTS}. */
    private static Pattern pattern(String property) {
        String variable = property.replace("[*]", "")
                .replace("\"", "")
                .toUpperCase(Locale.ROOT)
                .replaceAll("[^A-Z0-9*]", "_")
                .replace("*", "[A-Z0-9_]+");
        return Pattern.compile(variable);
    }

    private static List<String> quarkusRoots() {
        List<String> roots = new ArrayList<>();
        try {
            for (URL list : Collections.list(
                    EnvironmentVariables.class.getClassLoader().getResources("META-INF/quarkus-config-roots.list"))) {
                try (BufferedReader lines =
                        new BufferedReader(new InputStreamReader(list.openStream(), StandardCharsets.UTF_8))) {
                    lines.lines().forEach(roots::add);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return roots;
    }
}
