package dtc.security;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
    void a_command_to_be_sent_from_a_shell_shows_a_token() {
        String id = new JsonPath(world.call("POST", "/transactions", world.issuer.token("alice", Role.CLIENT), "{}")
                        .body())
                .getString("id");
        for (String path : new String[] {"/console/transactions/" + id, "/console/try"}) {
            HttpResponse<String> page = world.call("GET", path, world.issuer.token("carol", Role.OPERATOR), null);
            assertEquals(200, page.statusCode(), page.body());
            assertTrue(
                    page.body().contains("curl -s -H &quot;Authorization: Bearer $TOKEN&quot;"),
                    () -> path + ": " + page.body());
        }
    }
}
