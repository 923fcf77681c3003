package dtc.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EventLoopDefaultsTest {

    @Test
    void are_half_as_many_as_processors_and_one_at_least() {
        int processors = Runtime.getRuntime().availableProcessors();
        assertEquals(processors == 1 ? 1 : processors / 2, eventLoops(Map.of()));
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
