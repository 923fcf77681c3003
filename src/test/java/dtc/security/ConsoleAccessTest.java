package dtc.security;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;

/** The console where tokens are asked for. */
@QuarkusTest
@TestProfile(World.Secured.class)
class ConsoleAccessTest {

    @SuppressWarnings("NullAway.Init") // injected
    World world;

    @Test
    void shell_commands_include_a_token() {
        String id = begin();
        for (String path : new String[] {"/console/transactions/" + id, "/console/try"}) {
            String carol = world.issuer.token("carol", Role.OPERATOR, Role.CLIENT);
            HttpResponse<String> page = world.call("GET", path, carol, null);
            assertEquals(200, page.statusCode(), page.body());
            assertTrue(
                    page.body().contains("curl -s -H &quot;Authorization: Bearer $TOKEN&quot;"),
                    () -> path + ": " + page.body());
        }
    }

    @Test
    void a_viewer_sees_no_call_that_it_may_not_make() {
        String id = begin();
        String viewer = world.issuer.token("victor", Role.VIEWER);
        HttpResponse<String> page = world.call("GET", "/console/transactions/" + id, viewer, null);
        assertEquals(200, page.statusCode(), page.body());
        assertFalse(page.body().contains("curl -s"), page.body());
        for (String path : new String[] {"", "/outcome"}) {
            assertEquals(
                    403,
                    world.call("GET", "/transactions/" + id + path, viewer, null)
                            .statusCode());
        }
    }

    @Test
    void a_caller_that_may_not_begin_a_transaction_is_told_so() {
        String needed = "you need the role <code>dtc-client</code>";
        String disabled = "<button type=\"submit\" disabled>Run</button>";
        for (Role role : new Role[] {Role.VIEWER, Role.OPERATOR}) {
            String without = tryIt(role);
            assertTrue(without.contains(needed) && without.contains(disabled), without);
            assertFalse(without.contains("curl -s"), without);
            String with = tryIt(role, Role.CLIENT);
            assertFalse(with.contains(needed) || with.contains(disabled), with);
            assertTrue(with.contains("curl -s"), with);
        }
    }

    private String tryIt(Role... roles) {
        world.awaitReady();
        return world.call("GET", "/console/try", world.issuer.token("tom", roles), null)
                .body();
    }

    @Test
    void a_form_of_our_own_is_recognized() {
        String carol = world.issuer.token("carol", Role.OPERATOR);
        String path = "/console/transactions/" + begin() + "/rollback";
        HttpResponse<String> done = world.submit(path, carol, "reason=because");
        assertEquals(303, done.statusCode(), done.body());
    }

    private String begin() {
        return new JsonPath(world.call("POST", "/transactions", world.issuer.token("alice", Role.CLIENT), "{}")
                        .body())
                .getString("id");
    }
}
