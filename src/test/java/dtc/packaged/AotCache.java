package dtc.packaged;

import dtc.packaged.Processes.Application;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Creates the AOT cache for the processes of the tests: of the classes that one process loads, which starts, serves
 * some requests and stops. The build runs it before the tests of the packaged application.
 */
public final class AotCache {

    /** On a slow machine: the process creates the cache when it stops. */
    private static final Duration STOP_MAX = Duration.ofMinutes(5);

    private static final String COMMIT = """
            {"autoCommit":true,"writes":[
              {"resourceManager":"orders","key":"k","value":1},
              {"resourceManager":"payments","key":"k","value":1}]}""";

    private AotCache() {}

    public static void main(String... arguments) throws IOException, InterruptedException {
        Files.deleteIfExists(Processes.AOT_CACHE);
        Path log = Files.createTempDirectory(Path.of("target"), "aot-log").toAbsolutePath();
        JsonClient http = new JsonClient();
        try (Processes processes = new Processes("aot-cache")) {
            Application application = processes
                    .coordinator("application")
                    .with("DTC_RM_IDS", "orders,payments")
                    .with("DTC_LOG_DIRECTORY", log.toString())
                    .withJvmOption("-XX:AOTCacheOutput=" + Processes.AOT_CACHE)
                    .start()
                    .awaitReady();
            String transactions = application.url() + "/transactions";
            http.post(transactions, COMMIT);
            String id = http.read(http.post(transactions, "{}")).path("id").asText();
            http.post(transactions + "/" + id + "/commit", "");
            for (String path : List.of(
                    "/transactions",
                    "/transactions/" + id,
                    "/transactions/" + id + "/outcome",
                    "/transactions/unknown",
                    "/resource-managers",
                    "/rm/orders/entries",
                    "/rm/orders/transactions",
                    "/q/health/live",
                    "/q/metrics",
                    "/q/openapi",
                    "/",
                    "/console/transactions")) {
                http.get(application.url() + path);
            }
            application.stop(STOP_MAX);
            if (!Files.exists(Processes.AOT_CACHE)) {
                throw new IllegalStateException(application.output());
            }
        }
    }
}
