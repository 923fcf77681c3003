package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.packaged.Processes.Application;
import dtc.testing.RawClient;
import dtc.testing.RawClient.Response;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A process that stops answers what it has accepted, and says on each connection that it will be closed. */
class StopIT {

    private static final String GET = "GET /transactions HTTP/1.1\r\nHost: localhost\r\n\r\n";

    @Test
    void kept_connections_lose_no_request() throws Exception {
        try (Processes processes = new Processes("stop")) {
            Application coordinator = processes
                    .coordinator("stopping")
                    .with("QUARKUS_SHUTDOWN_DELAY", "3s")
                    .start()
                    .awaitReady();
            int port = URI.create(coordinator.url()).getPort();
            try (RawClient client = new RawClient(port);
                    RawClient another = new RawClient(port)) {
                assertEquals(List.of(), client.send(GET).read().header("Connection"));
                CompletableFuture<Void> stopped = CompletableFuture.runAsync(coordinator::stop);
                Response response;
                do {
                    response = client.send(GET).read();
                    assertEquals(200, response.status());
                } while (response.header("Connection").isEmpty());
                assertEquals(List.of("close"), response.header("Connection"));
                assertTrue(client.isClosed());
                // One that was idle, and pipelines two requests: the second is not accepted.
                assertEquals(List.of("close"), another.send(GET + GET).read().header("Connection"));
                assertTrue(another.isClosed());
                stopped.get(60, TimeUnit.SECONDS);
            }
        }
    }
}
