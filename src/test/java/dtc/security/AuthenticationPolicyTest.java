package dtc.security;

import static dtc.security.AuthenticationPolicy.Mode.NONE;
import static dtc.security.AuthenticationPolicy.Mode.OIDC;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AuthenticationPolicyTest {

    @ParameterizedTest
    @CsvSource({
        "localhost, true",
        "127.0.0.1, true",
        "127.8.8.8, true",
        "::1, true",
        "[::1], true",
        "0.0.0.0, false",
        "::, false",
        "10.0.0.1, false",
        "localhost.example.com, false",
        "coordinator, false"
    })
    void it_knows_whether_others_can_call(String host, boolean loopback) {
        assertEquals(loopback, AuthenticationPolicy.isLoopback(host));
    }

    @Test
    void tokens_are_required_unless_only_this_machine_can_call_or_security_is_off() {
        assertEquals(NONE, AuthenticationPolicy.mode(null, "127.0.0.1", false));
        assertEquals(OIDC, AuthenticationPolicy.mode(null, "127.0.0.1", true));
        assertEquals(OIDC, AuthenticationPolicy.mode(null, "0.0.0.0", false));
        assertEquals(OIDC, AuthenticationPolicy.mode(null, "0.0.0.0", true));
        assertEquals(NONE, AuthenticationPolicy.mode(NONE, "0.0.0.0", true));
        assertEquals(OIDC, AuthenticationPolicy.mode(OIDC, "127.0.0.1", false));
    }

    @Test
    void the_host_header_is_checked_only_if_loopback_is_the_only_protection() {
        assertTrue(AuthenticationPolicy.isLoopbackOnly(null, "127.0.0.1", false));
        assertFalse(AuthenticationPolicy.isLoopbackOnly(null, "127.0.0.1", true));
        assertFalse(AuthenticationPolicy.isLoopbackOnly(NONE, "127.0.0.1", false));
        assertFalse(AuthenticationPolicy.isLoopbackOnly(NONE, "0.0.0.0", false));
    }

    @Test
    void a_refused_start_names_the_setting_to_change() {
        AuthenticationPolicy.InsecureConfigurationException unsafe = assertThrows(
                AuthenticationPolicy.InsecureConfigurationException.class,
                () -> AuthenticationPolicy.check(OIDC, "0.0.0.0", false));
        for (String named :
                new String[] {"0.0.0.0", "quarkus.oidc.auth-server-url", "quarkus.http.host", "dtc.security.mode"}) {
            assertTrue(String.valueOf(unsafe.getMessage()).contains(named), named);
        }
        assertDoesNotThrow(() -> AuthenticationPolicy.check(OIDC, "0.0.0.0", true));
        assertDoesNotThrow(() -> AuthenticationPolicy.check(NONE, "0.0.0.0", false));
    }
}
