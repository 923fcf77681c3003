package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.RawClient;
import dtc.testing.RawClient.Response;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that stops answers what it has accepted, and says on each connection that it will be closed. */
@NoApplication
class StopIT {

    private static final String GET = "GET /transactions HTTP/1.1\r\nHost: localhost\r\n\r\n";

    /** With transactions in all states, an open page, a request that is received slowly, and an RM that is down. */
    @Test
    void a_stop_logs_no_stack_trace(@TempDir Path log) throws Exception {
        try (Processes processes = new Processes("stop-quietly")) {
            Application coordinator = processes
                    .coordinator("coordinator")
                    .with("DTC_RM_IDS", "orders")
                    .with("DTC_LOG_DIRECTORY", log.toString())
                    .with("DTC_DRAIN_TIMEOUT", "2s")
                    .start()
                    .awaitReady();
            Application payments =
                    processes.resourceManagers("payments", coordinator).start().awaitReady();
            int port = URI.create(coordinator.url()).getPort();
            try (RawClient idle = new RawClient(port);
                    RawClient page = new RawClient(port);
                    RawClient slow = new RawClient(port)) {
                assertEquals(201, idle.send(begin(false)).read().status());
                assertEquals(201, idle.send(begin(true)).read().status());
                payments.pause();
                assertEquals(201, idle.send(begin(true)).read().status());
                assertEquals(201, idle.send(begin(false)).read().status());
                page.send("GET /console/transactions HTTP/1.1\r\nHost: localhost\r\n\r\n");
                slow.send("POST /transactions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{");
                coordinator.stop();
            } finally {
                payments.resume();
            }
            String said = coordinator.output();
            assertFalse(said.contains("\tat ") || said.contains("Exception") || said.contains(" ERROR "), said);
            payments.stop();
            said = payments.output();
            assertFalse(said.contains("\tat ") || said.contains("Exception") || said.contains(" ERROR "), said);
        }
    }

    private static String begin(boolean commits) {
        String body = "{\"autoCommit\":" + commits + ",\"writes\":["
                + "{\"resourceManager\":\"orders\",\"key\":\"" + UUID.randomUUID() + "\",\"value\":1},"
                + "{\"resourceManager\":\"payments\",\"key\":\"" + UUID.randomUUID() + "\",\"value\":1}]}";
        return "POST /transactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body;
    }

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
