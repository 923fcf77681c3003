package dtc.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.rest.VoteCaller;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.eclipse.microprofile.faulttolerance.Timeout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The time for a vote, asked for as fault tolerance does. */
class PrepareTimeoutConfigTest {

    @Test
    void a_file_named_by_the_environment_sets_the_timeout(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("more.properties"), "dtc.prepare-timeout=300ms\n");
        SmallRyeConfig config = config(Map.of("SMALLRYE_CONFIG_LOCATIONS", file.toString()), Map.of());
        List<String> withTimeout = Stream.of(VoteCaller.class.getDeclaredMethods())
                .filter(method -> method.isAnnotationPresent(Timeout.class))
                .map(Method::getName)
                .sorted()
                .toList();
        assertEquals(List.of("prepare", "sendBatch"), withTimeout);
        for (String method : withTimeout) {
            assertEquals(Optional.of(300L), timeout(config, method), method);
        }
    }

    @Test
    void the_environment_overrides_a_file() {
        SmallRyeConfig config = config(Map.of("DTC_PREPARE_TIMEOUT", "PT2S"), Map.of("dtc.prepare-timeout", "9s"));
        assertEquals(Optional.of(2000L), timeout(config, "prepare"));
    }

    @Test
    void a_timeout_set_by_the_operator_is_kept() {
        SmallRyeConfig config = config(Map.of("DTC_PREPARE_TIMEOUT", "2s"), Map.of(PrepareTimeoutConfig.ALONE, "700"));
        assertEquals(Optional.of(700L), timeout(config, "prepare"));
        assertEquals(Optional.of(2000L), timeout(config, "sendBatch"));
    }

    @Test
    void the_default_timeout_applies_without_configuration() {
        assertEquals(Optional.empty(), timeout(config(Map.of(), Map.of()), "prepare"));
    }

    private static SmallRyeConfig config(Map<String, String> environment, Map<String, String> file) {
        return new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .addDiscoveredConverters()
                .addDiscoveredInterceptors()
                .addDiscoveredSources()
                .withSources(new EnvConfigSource(environment, 300), new PropertiesConfigSource(file, "a file", 250))
                .build();
    }

    private static Optional<Long> timeout(SmallRyeConfig config, String method) {
        return config.getOptionalValue(
                "smallrye.faulttolerance.\"dtc.rest.VoteCaller/%s\".timeout.value".formatted(method), Long.class);
    }
}
