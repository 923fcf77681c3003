package dtc.security;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.testing.Waiting;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A resource manager that would have the coordinator call somebody else (server-side request forgery). */
@QuarkusTest
@TestProfile(World.Secured.class)
class ForgeryTest {

    @SuppressWarnings("NullAway.Init") // injected
    World world;

    @BeforeEach
    void resourceManagersAreRegistered() {
        world.awaitReady();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://169.254.169.254/latest/meta-data",
                "http://2852039166",
                "http://0xa9fea9fe",
                "http://[::ffff:169.254.169.254]",
                "http://[64:ff9b::a9fe:a9fe]",
                "http://[fe80::1]",
                "http://[fe80::1%25lo]",
                "http://[fd00:ec2::254]",
                "http://100.100.100.200",
                "http://metadata.google.internal",
                "http://0.0.0.0",
                "http://[::]",
                "http://224.0.0.1",
                "http://127.0.0.2",
                "http://localhost.",
                "http://rm.test.example.com"
            })
    void an_address_that_is_not_allowed_is_refused(String url) {
        HttpResponse<String> answer = register(url);
        assertEquals(403, answer.statusCode(), answer.body());
        assertEquals("urn:dtc:host-not-allowed", new JsonPath(answer.body()).getString("type"));
    }

    /** Some name resolvers would take them for an address all the same. */
    @ParameterizedTest
    @ValueSource(strings = {"http://127.1", "http://0251.0376.0251.0376", "http://user@127.0.0.1", "ftp://127.0.0.1"})
    void a_url_that_is_not_plain_is_refused(String url) {
        assertEquals(400, register(url).statusCode());
    }

    @Test
    void a_redirect_is_not_followed() throws IOException {
        try (Listener inner = new Listener("127.0.0.1", 0);
                Listener outer = new Listener("127.0.0.1", 0)) {
            outer.redirectTo("http://127.0.0.1:" + inner.port() + "/transactions");
            assertEquals(201, register("http://127.0.0.1:" + outer.port()).statusCode());
            assertEquals(502, write().statusCode());
            assertEquals(1, outer.calls());
            assertEquals(0, inner.calls());
        } finally {
            leave();
        }
    }

    @Test
    void a_name_whose_address_changes_is_not_called() throws IOException {
        try (Listener outer = new Listener("127.0.0.1", 0);
                Listener inner = new Listener("127.0.0.2", outer.port())) {
            world.names.lead("stock.rm.test", "127.0.0.1");
            assertEquals(201, register("http://stock.rm.test:" + outer.port()).statusCode());
            // The first use of the name server may take longer than a write may.
            Waiting.await().untilAsserted(() -> assertEquals(204, write().statusCode()));
            assertEquals(1, outer.calls());

            world.names.lead("stock.rm.test", "127.0.0.2");
            // A name's address is remembered for a second.
            Waiting.await().untilAsserted(() -> {
                HttpResponse<String> refused = write();
                assertEquals(504, refused.statusCode());
                assertTrue(refused.body().contains("could not be reached"), refused.body());
            });
            assertEquals(0, inner.calls());

            world.names.lead("stock.rm.test", "127.0.0.1");
            Waiting.await().untilAsserted(() -> assertEquals(204, write().statusCode()));
        } finally {
            leave();
        }
    }

    private HttpResponse<String> register(String url) {
        return world.call(
                "PUT",
                "/resource-managers/stock",
                world.issuer.token("stock", Role.RESOURCE_MANAGER),
                "{\"url\":\"%s\",\"instance\":\"%s\"}".formatted(url, UUID.randomUUID()));
    }

    private void leave() {
        world.call("DELETE", "/resource-managers/stock", world.issuer.token("stock", Role.RESOURCE_MANAGER), null);
    }

    /** In a transaction of its own: a failed write dooms it. */
    private HttpResponse<String> write() {
        String client = world.issuer.token("alice", Role.CLIENT);
        String id =
                new JsonPath(world.call("POST", "/transactions", client, "{}").body()).getString("id");
        return world.call(
                "POST",
                "/transactions/" + id + "/writes",
                client,
                "{\"resourceManager\":\"stock\",\"key\":\"k\",\"value\":1}");
    }
}
