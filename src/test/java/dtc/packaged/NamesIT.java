package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.packaged.Processes.Application;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The names of resource managers, as the coordinator resolves them. */
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
            Application coordinator = start(
                    processes
                            .coordinator("coordinator")
                            .with(
                                    "QUARKUS_VERTX_RESOLVER_SERVERS",
                                    "127.0.0.1:" + silent.getLocalPort() + "," + names.address()),
                    processes);
            for (int i = 0; i < TRANSACTIONS; i++) {
                assertEquals("COMMITTED", commit(coordinator));
            }
        }
    }

    @Test
    void changes_of_the_hosts_file_apply(@TempDir Path directory) throws Exception {
        try (Processes processes = new Processes("hosts-file")) {
            Path hosts = Files.writeString(directory.resolve("hosts"), "127.0.0.1 localhost\n");
            Application coordinator = start(
                    processes.coordinator("coordinator").with("QUARKUS_VERTX_RESOLVER_HOSTS_PATH", hosts.toString()),
                    processes);
            assertEquals("ROLLED_BACK", commit(coordinator));
            Files.writeString(hosts, "127.0.0.1 localhost\n127.0.0.1 " + NAME + "\n");
            Waiting.await("the name is known").until(() -> commit(coordinator).equals("COMMITTED"));
        }
    }

    /** Starts a coordinator, and a resource manager that is registered under {@link #NAME}. */
    private Application start(Application coordinator, Processes processes) {
        coordinator.with("DTC_REGISTRATION_ALLOWED_HOSTS", "*.rm.test").start().awaitReady();
        Application stock = processes.resourceManagers("stock", coordinator);
        stock.with("DTC_RM_ADVERTISED_URL", stock.url().replace("127.0.0.1", NAME))
                .start()
                .awaitReady();
        Waiting.await("the resource manager is registered")
                .until(() ->
                        http.get(coordinator.url() + "/resource-managers/stock").statusCode() == 200);
        return coordinator;
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
