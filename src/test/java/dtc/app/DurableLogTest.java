package dtc.app;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.matchesPattern;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.file.DirectoryStorage;
import dtc.protocol.TransactionId;
import dtc.testing.Waiting;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.http.ContentType;
import io.vertx.core.Vertx;
import jakarta.inject.Inject;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A coordinator with its decision log in files. */
@QuarkusTest
@TestProfile(DurableLogTest.FileLog.class)
class DurableLogTest {

    private static final Path DIRECTORY =
            Path.of("target", "test-log", UUID.randomUUID().toString());

    public static final class FileLog implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "dtc.log.kind", "file",
                    "dtc.log.directory", DIRECTORY.toString(),
                    "dtc.log.free-space-min", "1M");
        }
    }

    @Inject
    @SuppressWarnings("NullAway.Init") // set before each test
    Vertx vertx;

    @Inject
    @SuppressWarnings("NullAway.Init") // set before each test
    DtcConfig config;

    private static List<String> dumped() throws IOException {
        List<String> lines = new ArrayList<>();
        try (DirectoryStorage storage = new DirectoryStorage(DIRECTORY)) {
            assertTrue(LogDump.dump(storage, lines::add));
        }
        return lines;
    }

    @Test
    void a_commit_is_logged_before_the_client_gets_its_response() throws IOException {
        Waiting.await().untilAsserted(() -> get("/q/health/ready").then().statusCode(200));
        String id = given().contentType(ContentType.JSON)
                .body("""
                        {"writes": [{"resourceManager": "orders", "key": "o-1", "value": 1},
                                    {"resourceManager": "payments", "key": "p-1", "value": 2}],
                         "autoCommit": true}""")
                .post("/transactions")
                .then()
                .statusCode(201)
                .body("state", equalTo("COMMITTED"))
                .extract()
                .path("id");

        assertEquals(
                List.of("COMMITTING", "COMMITTED"),
                dumped().stream()
                        .filter(line -> line.contains(id))
                        .map(line -> line.replaceAll(".*?\"state\":\"([A-Z]+)\".*", "$1"))
                        .toList());
    }

    @Test
    void the_overview_shows_the_free_space() {
        get("/").then()
                .statusCode(200)
                .body(matchesPattern("(?s).*decision log: \\d+ [KMGT]iB of \\d+ [KMGT]iB are free.*"));
    }

    @Test
    void records_of_one_event_loop_turn_are_written_together() throws Exception {
        Path directory = DIRECTORY.resolveSibling(UUID.randomUUID().toString());
        DurableLog log = DurableLog.open(vertx, wanted(directory, 16 << 20));
        TransactionId id =
                TransactionId.parse("01900000-0000-7000-8000-000000000001").orElseThrow();
        long before = bytes(directory);
        CompletableFuture<@Nullable Void> written = new CompletableFuture<>();
        vertx.getOrCreateContext().runOnContext(_ -> {
            try {
                log.forget(id);
                // Within the turn, the writer has time to write what it may not write yet.
                Waiting.await()
                        .pollInSameThread()
                        .during(Duration.ofMillis(100))
                        .until(() -> bytes(directory) == before);
                written.complete(null);
            } catch (RuntimeException failure) {
                written.completeExceptionally(failure);
            }
        });
        written.get(20, TimeUnit.SECONDS);
        Waiting.await().until(() -> bytes(directory) > before);
        log.close();
    }

    private static long bytes(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }

    @Test
    void the_reason_is_reported_when_a_log_cannot_be_opened() throws IOException {
        String inUse = refusal(DIRECTORY, 16 << 20);
        assertEquals(
                ("the decision log cannot be used: the log in %s is in use by another process."
                                + " Stop that process, or use another directory")
                        .formatted(DIRECTORY.toAbsolutePath()),
                inUse);

        Path file = Files.writeString(DIRECTORY.resolveSibling(UUID.randomUUID().toString()), "no directory");
        assertEquals(
                "the decision log cannot be used: %s is not a directory. Use another directory, or move the file away"
                        .formatted(file.toAbsolutePath()),
                refusal(file, 16 << 20));

        assertEquals("dtc.log.segment-size must be 64K or more", refusal(DIRECTORY, 1 << 10));
    }

    private String refusal(Path directory, long segmentBytes) {
        ConfigurationException refusal = assertThrows(
                ConfigurationException.class, () -> DurableLog.open(vertx, wanted(directory, segmentBytes)));
        return String.valueOf(refusal.getMessage());
    }

    private DtcConfig.LogConfig wanted(Path directory, long segmentBytes) {
        return new Wanted(
                Optional.of(DtcConfig.LogConfig.Kind.FILE),
                Optional.of(directory),
                new MemorySize(BigInteger.valueOf(segmentBytes)),
                config.log().freeSpaceMin(),
                1);
    }

    private record Wanted(
            Optional<DtcConfig.LogConfig.Kind> kind,
            Optional<Path> directory,
            MemorySize segmentSize,
            MemorySize freeSpaceMin,
            int pendingDecisionsMax)
            implements DtcConfig.LogConfig {}
}
