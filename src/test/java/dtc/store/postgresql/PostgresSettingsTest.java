package dtc.store.postgresql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PostgresSettingsTest {

    private static PostgresSettings of(String url, @Nullable String user) {
        return PostgresSettings.of("dtc.rm.store.url", url, user, null, "public", "disable", 1);
    }

    @Test
    void a_url_has_a_host_a_port_and_a_database() {
        PostgresSettings settings = of("postgresql://db.example:5433/orders?sslmode=verify-full", "dtc");
        assertEquals("db.example:5433/orders", settings.address());
        assertEquals("verify-full", settings.sslMode());
        assertEquals("::1", of("postgresql://[::1]/orders", "dtc").host());
        assertEquals(5432, of("postgres://localhost/orders", "dtc").port());
        assertEquals("disable", of("postgres://localhost/orders", "dtc").sslMode());
        assertEquals("alice", of("postgresql://alice@localhost/orders", null).username());
        assertEquals("dtc", of("postgresql://alice@localhost/orders", "dtc").username());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost:5432/orders",
                "http://localhost/orders",
                "postgresql://localhost",
                "postgresql://localhost/",
                "postgresql://localhost/a/b",
                "postgresql:///orders",
                "postgresql://a b/orders",
                "postgresql://localhost/orders?sslmode=perhaps",
                "postgresql://localhost/orders?password=secret",
                "postgresql://alice:secret@localhost/orders"
            })
    void another_url_is_refused_with_its_key_and_without_its_password(String url) {
        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, () -> of(url, "dtc"));
        String message = String.valueOf(refused.getMessage());
        assertTrue(message.startsWith("dtc.rm.store.url "), message);
        assertFalse(message.contains("secret"), message);
    }

    @Test
    void a_user_is_required_and_the_schema_is_a_plain_name() {
        assertTrue(String.valueOf(assertThrows(IllegalArgumentException.class, () -> of("postgresql://h/d", null))
                        .getMessage())
                .contains("DTC_RM_STORE_USERNAME"));
        assertThrows(
                IllegalArgumentException.class,
                () -> PostgresSettings.of("url", "postgresql://h/d", "dtc", null, "a\"b", "disable", 1));
    }
}
