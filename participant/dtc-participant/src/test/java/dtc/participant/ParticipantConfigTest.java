package dtc.participant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParticipantConfigTest {

    private final Map<String, String> settings = new HashMap<>(Map.of(
            "dtc.participant.id", "orders",
            "dtc.participant.url", "http://orders/dtc",
            "dtc.coordinator-url", "http://a:8080, http://b:8080"));

    private ParticipantConfig read() {
        return Objects.requireNonNull(ParticipantConfig.of(settings::get));
    }

    @Test
    void a_process_without_an_id_is_only_a_client() {
        settings.remove("dtc.participant.id");
        assertNull(ParticipantConfig.of(settings::get));
    }

    @Test
    void all_but_id_and_urls_have_defaults() {
        ParticipantConfig config = read();
        assertEquals(List.of(URI.create("http://a:8080"), URI.create("http://b:8080")), config.coordinators());
        assertNull(config.tokenFile());
        assertEquals(Duration.ofMillis(800), config.voteTimeout());
        assertEquals(Duration.ofDays(7), config.outcomeRetention());
        assertTrue(config.deregisterOnStop());
    }

    @Test
    void settings_replace_defaults() {
        settings.putAll(Map.of(
                "dtc.coordinator-token-file", "/token",
                "dtc.participant.lock-timeout-millis", "50",
                "dtc.participant.vote-timeout-millis", "500",
                "dtc.participant.staged-retention-millis", "60000",
                "dtc.participant.outcome-retention-millis", "70000",
                "dtc.participant.deregister-on-stop", "False"));
        ParticipantConfig config = read();
        assertEquals(Path.of("/token"), config.tokenFile());
        assertEquals(Duration.ofMillis(50), config.lockTimeout());
        assertEquals(Duration.ofMillis(500), config.voteTimeout());
        assertEquals(Duration.ofMinutes(1), config.stagedRetention());
        assertEquals(Duration.ofSeconds(70), config.outcomeRetention());
        assertFalse(config.deregisterOnStop());
    }

    @ParameterizedTest
    @CsvSource({
        "dtc.participant.url,",
        "dtc.coordinator-url,",
        "dtc.participant.id, a/b",
        "dtc.participant.id, it's",
        "dtc.participant.vote-timeout-millis, 1000",
        "dtc.participant.lock-timeout-millis, 900",
        "dtc.participant.lock-timeout-millis, x",
    })
    void a_wrong_setting_is_refused(String key, String value) {
        settings.put(key, value);
        assertThrows(IllegalArgumentException.class, this::read);
    }
}
