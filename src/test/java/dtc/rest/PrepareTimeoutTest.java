package dtc.rest;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static io.restassured.RestAssured.post;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.matchesPattern;

import dtc.testing.Waiting;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.http.ContentType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The timeout of a vote can be configured, for example in a file of {@code smallrye.config.locations}. */
@QuarkusTest
@TestProfile(PrepareTimeoutTest.ThreeSeconds.class)
class PrepareTimeoutTest {

    public static final class ThreeSeconds implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            try {
                Path file = Files.createTempFile("dtc", ".properties");
                file.toFile().deleteOnExit();
                Files.writeString(file, "dtc.prepare-timeout=3s\n");
                return Map.of("smallrye.config.locations", file.toString());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @BeforeEach
    void resourceManagersAreRegistered() {
        Waiting.await().untilAsserted(() -> get("/q/health/ready").then().statusCode(200));
    }

    @Test
    void a_vote_that_takes_longer_than_a_second_counts() {
        CountDownLatch voted = new CountDownLatch(1);
        try (ForeignResourceManager slow = new ForeignResourceManager()) {
            slow.on("prepare", (exchange, call) -> {
                awaitUninterrupted(voted);
                ForeignResourceManager.json(200, "{\"vote\":\"COMMIT\"}").answer(exchange, call);
            });
            String id = begin(slow.id(), "orders");
            // The call waits for 1.4 s. With the default timeout of 1 s, it would return an outcome.
            post("/transactions/" + id + "/prepare").then().statusCode(503);
            voted.countDown();
            Waiting.await()
                    .untilAsserted(() -> get("/transactions/" + id).then().body("state", equalTo("COMMITTED")));
        } finally {
            voted.countDown();
        }
    }

    @Test
    void a_missing_vote_counts_as_abort() {
        try (ForeignResourceManager hanging = new ForeignResourceManager()) {
            hanging.on("prepare", hanging.hang());
            String id = begin(hanging.id(), "orders");
            post("/transactions/" + id + "/prepare").then().statusCode(503);
            Waiting.await()
                    .untilAsserted(() -> get("/transactions/" + id)
                            .then()
                            .body("state", equalTo("ROLLED_BACK"))
                            // On a slow machine, the timeout of all votes may expire first.
                            .body("reason", matchesPattern(".*did not (vote|answer) in time.*")));
        }
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static String begin(String... resourceManagers) {
        String id = post("/transactions").jsonPath().getString("id");
        for (String resourceManager : resourceManagers) {
            given().contentType(ContentType.JSON)
                    .body(Map.of("resourceManager", resourceManager, "key", "slow", "value", 1))
                    .post("/transactions/" + id + "/writes")
                    .then()
                    .statusCode(204);
        }
        return id;
    }
}
