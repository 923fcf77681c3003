package dtc.kubernetes;

import dtc.app.DtcConfig;
import io.quarkus.runtime.annotations.ConfigPhase;
import io.quarkus.runtime.annotations.ConfigRoot;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.ConfigMappings;
import io.smallrye.config.ConfigMappings.ConfigClass;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
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
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the application, and each part of Quarkus in it, can be told at run time. Taken from the mappings that read it,
 * so that what is misspelt, or only counts when the application is built, is found.
 */
final class Settings {

    /** As the mappings name them, with {@code *} for each key of a map. */
    static final Set<String> NAMES = names();

    /**
     * There is none below a map with keys of one's own, such as {@code quarkus.tls}: the key cannot be told from what
     * is around it.
     */
    private static final Set<String> VARIABLES = NAMES.stream()
            .filter(name -> !name.contains("*"))
            .map(Settings::variable)
            .collect(Collectors.toSet());

    private static final List<Pattern> PROPERTIES =
            NAMES.stream().map(Settings::property).toList();

    private static final Pattern EXPRESSION = Pattern.compile("\\$\\{([^:}]+)[:}]");

    private Settings() {}

    /** Whether a line of a file sets something. */
    static boolean isProperty(String name) {
        return PROPERTIES.stream().anyMatch(known -> known.matcher(name).matches());
    }

    /** Whether an environment variable sets something. */
    static boolean isVariable(String name) {
        return VARIABLES.contains(name);
    }

    /** The configuration of the application with {@code environment} and a file; fails if a value cannot be read. */
    static DtcConfig read(Map<String, String> environment, Properties file) {
        return new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .addDiscoveredConverters()
                .withSources(new EnvConfigSource(environment, 300), new PropertiesConfigSource(file, "file", 200))
                .withMapping(DtcConfig.class)
                .build()
                .getConfigMapping(DtcConfig.class);
    }

    /** The variables with the values that the application reads: expressions such as {@code ${X}} are replaced. */
    static Map<String, String> expanded(Map<String, String> environment) {
        SmallRyeConfig config = new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .withSources(new EnvConfigSource(environment, 300))
                .build();
        Map<String, String> expanded = new TreeMap<>();
        environment
                .keySet()
                .forEach(name -> expanded.put(
                        name,
                        Objects.requireNonNullElse(config.getConfigValue(name).getValue(), "")));
        return expanded;
    }

    /** The variables that others refer to. */
    static Set<String> parts(Map<String, String> environment) {
        return environment.values().stream()
                .flatMap(value -> EXPRESSION.matcher(value).results())
                .map(expression -> expression.group(1))
                .collect(Collectors.toSet());
    }

    private static String variable(String name) {
        return name.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
    }

    private static Pattern property(String name) {
        return Pattern.compile(Stream.of(name.split("\\*", -1))
                .map(Pattern::quote)
                .collect(Collectors.joining("(\"[^\"]+\"|[^.\"]+)")));
    }

    private static Set<String> names() {
        Set<String> names = new TreeSet<>(names(DtcConfig.class));
        for (String root : quarkusRoots()) {
            try {
                Class<?> type = Class.forName(root);
                ConfigRoot annotation = type.getAnnotation(ConfigRoot.class);
                if (annotation != null
                        && annotation.phase() == ConfigPhase.RUN_TIME
                        && type.isAnnotationPresent(ConfigMapping.class)) {
                    names.addAll(names(type));
                }
            } catch (ClassNotFoundException | NoClassDefFoundError _) {
                // Of a part that is not in this application.
            }
        }
        return names;
    }

    private static Set<String> names(Class<?> mapping) {
        return ConfigMappings.getProperties(ConfigClass.configClass(mapping)).keySet().stream()
                .map(name -> name.replace("[*]", ""))
                .collect(Collectors.toSet());
    }

    private static List<String> quarkusRoots() {
        List<String> roots = new ArrayList<>();
        try {
            for (URL list : Collections.list(
                    Settings.class.getClassLoader().getResources("META-INF/quarkus-config-roots.list"))) {
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
