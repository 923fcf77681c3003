package dtc.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quarkus.runtime.ImageMode;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EventLoopDefaultsTest {

    @Test
    void half_as_many_event_loops_as_processors_and_at_least_one() {
        int processors = Runtime.getRuntime().availableProcessors();
        assertEquals(processors == 1 ? 1 : processors / 2, eventLoops(Map.of()));
    }

    @ParameterizedTest
    @CsvSource({"1, JVM, 1", "3, JVM, 1", "8, JVM, 4", "1, NATIVE_RUN, 2", "3, NATIVE_RUN, 2", "8, NATIVE_RUN, 4"})
    void event_loops_are_half_the_processors_and_at_least_two_in_a_native_image(
            int processors, ImageMode mode, int loops) {
        assertEquals(loops, EventLoopDefaults.count(processors, mode));
    }

    @Test
    void the_configured_number_of_event_loops_is_used() {
        assertEquals(7, eventLoops(Map.of(EventLoopDefaults.EVENT_LOOPS, "7")));
    }

    private static int eventLoops(Map<String, String> settings) {
        SmallRyeConfig config = new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .addDiscoveredInterceptors()
                .withSources(new PropertiesConfigSource(settings, "an operator", 250))
                .build();
        return config.getValue(EventLoopDefaults.EVENT_LOOPS, int.class);
    }
}
