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
    void are_half_as_many_as_processors_and_one_at_least() {
        int processors = Runtime.getRuntime().availableProcessors();
        assertEquals(processors == 1 ? 1 : processors / 2, eventLoops(Map.of()));
    }

    @ParameterizedTest
    @CsvSource({"1, JVM, 1", "3, JVM, 1", "8, JVM, 4", "1, NATIVE_RUN, 2", "3, NATIVE_RUN, 2", "8, NATIVE_RUN, 4"})
    void one_stays_where_a_native_image_looks_a_name_up_on_another(int processors, ImageMode mode, int loops) {
        assertEquals(loops, EventLoopDefaults.count(processors, mode));
    }

    @Test
    void are_as_many_as_an_operator_says() {
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
