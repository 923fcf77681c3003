package dtc.security;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.quarkus.test.junit.TestProfile;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;

/** The packaged application lets in whom it is for and nobody else, over TLS, with tokens of a real issuer. */
@QuarkusIntegrationTest
@TestProfile(World.Secured.class)
class AccessIT extends AccessTest {

    @Test
    void a_client_commits_on_both_resource_managers_and_reads_what_it_wrote() {
        String client = world.issuer.token("caller", Role.CLIENT);
        HttpResponse<String> ended = world.call("POST", "/transactions", client, """
                {"autoCommit":true,"writes":[
                  {"resourceManager":"orders","key":"packaged","value":1},
                  {"resourceManager":"payments","key":"packaged","value":2}]}""");
        assertEquals(201, ended.statusCode());
        assertTrue(ended.body().contains("\"state\":\"COMMITTED\""), ended.body());
        HttpResponse<String> read = world.call("GET", "/rm/payments/entries/packaged", client, null);
        assertEquals("{\"key\":\"packaged\",\"value\":2}", read.body());
    }
}
