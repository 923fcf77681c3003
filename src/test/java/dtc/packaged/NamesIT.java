package dtc.packaged;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.net.httpserver.HttpServer;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.TestNames;
import dtc.testing.Waiting;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The names of resource managers, as the coordinator resolves them. */
@NoApplication
class NamesIT {

    private static final String NAME = "stock.rm.test";
    private static final int TRANSACTIONS = 5;

    private final JsonClient http = new JsonClient();

    @Test
    void a_name_server_that_does_not_answer_leaves_time_for_the_next_one() throws Exception {
        try (Processes processes = new Processes("name-servers");
                TestNames names = new TestNames();
                DatagramSocket silent =
                        new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            names.lead(NAME, "127.0.0.1");
            Application coordinator = start(processes
                    .coordinator("coordinator")
                    .with(
                            "QUARKUS_VERTX_RESOLVER_SERVERS",
                            "127.0.0.1:" + silent.getLocalPort() + "," + names.address()));
            HttpServer stock = resourceManager(coordinator);
            for (int i = 0; i < TRANSACTIONS; i++) {
                assertEquals("COMMITTED", commit(coordinator));
            }
            stock.stop(0);
        }
    }

    @Test
    void changes_of_the_hosts_file_apply(@TempDir Path directory) throws Exception {
        try (Processes processes = new Processes("hosts-file")) {
            Path hosts = Files.writeString(directory.resolve("hosts"), "127.0.0.1 localhost\n");
            Application coordinator = start(
                    processes.coordinator("coordinator").with("QUARKUS_VERTX_RESOLVER_HOSTS_PATH", hosts.toString()));
            HttpServer stock = resourceManager(coordinator);
            assertEquals("ROLLED_BACK", commit(coordinator));
            Files.writeString(hosts, "127.0.0.1 localhost\n127.0.0.1 " + NAME + "\n");
            Waiting.await("the name is known").until(() -> commit(coordinator).equals("COMMITTED"));
            stock.stop(0);
        }
    }

    private static Application start(Application coordinator) {
        return coordinator
                .with("DTC_REGISTRATION_ALLOWED_HOSTS", "*.rm.test,127.0.0.1")
                .start()
                .awaitReady();
    }

    /** A resource manager that votes for commit. Ours answers only local names without tokens. */
    private HttpServer resourceManager(Application coordinator) throws IOException, InterruptedException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            try (exchange) {
                boolean isPrepare = exchange.getRequestURI().getPath().endsWith("/prepare");
                byte[] vote = "{\"vote\":\"COMMIT\"}".getBytes(UTF_8);
                exchange.getResponseHeaders().add("Content-Type", "application/json");
                exchange.sendResponseHeaders(isPrepare ? 200 : 204, isPrepare ? vote.length : -1);
                if (isPrepare) {
                    exchange.getResponseBody().write(vote);
                }
            }
        });
        server.start();
        String registration = String.format(
                Locale.ROOT,
                "{\"url\":\"http://%s:%d\",\"instance\":\"%s\"}",
                NAME,
                server.getAddress().getPort(),
                UUID.randomUUID());
        assertEquals(
                201,
                http.send(HttpRequest.newBuilder(URI.create(coordinator.url() + "/resource-managers/stock"))
                                .header("Content-Type", "application/json")
                                .PUT(BodyPublishers.ofString(registration)))
                        .statusCode());
        return server;
    }

    private String commit(Application coordinator) throws IOException, InterruptedException {
        String body = "{\"autoCommit\":true,\"writes\":[{\"resourceManager\":\"stock\",\"key\":\"k\",\"value\":1}]}";
        return http.read(http.send(HttpRequest.newBuilder(URI.create(coordinator.url() + "/transactions"))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(body))))
                .path("state")
                .asText();
    }
}
