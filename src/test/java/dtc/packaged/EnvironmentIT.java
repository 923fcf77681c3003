package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.RawClient;
import dtc.testing.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the application finds where it is started: directories, limits and addresses. */
@NoApplication
class EnvironmentIT {

    private static final String COMMIT = "{\"autoCommit\":true,\"writes\":["
            + "{\"resourceManager\":\"orders\",\"key\":\"k\",\"value\":1},"
            + "{\"resourceManager\":\"payments\",\"key\":\"k\",\"value\":1}]}";
    private static final int CONNECTIONS = 1_100;

    private final JsonClient http = new JsonClient();

    /** No file can be created in /proc, by any user. */
    @Test
    void only_the_directories_of_the_log_and_for_temporary_files_must_be_writable(
            @TempDir Path log, @TempDir Path temporary) throws Exception {
        try (Processes processes = new Processes("environment-read-only")) {
            Application application = processes
                    .coordinator("application")
                    .with("DTC_RM_IDS", "orders,payments")
                    .with("DTC_LOG_DIRECTORY", log.toString())
                    .withShell("cd /proc && unset HOME")
                    .withJvmOption("-Djava.io.tmpdir=" + temporary)
                    .withJvmOption("-Duser.home=/proc/nobody")
                    .start()
                    .awaitReady();
            Waiting.await("a commit").until(() -> commits(application.url()));
            for (String path : List.of(
                    "/",
                    "/console/transactions",
                    "/console/console.css",
                    "/q/metrics",
                    "/q/openapi",
                    "/q/swagger-ui/")) {
                assertEquals(200, http.get(application.url() + path).statusCode(), path);
            }
            application.stop();
            assertFalse(application.output().contains("\tat "), application.output());
        }
    }

    @Test
    void a_start_without_a_directory_for_temporary_files_is_refused() {
        try (Processes processes = new Processes("environment-temporary")) {
            Application application = processes
                    .coordinator("application")
                    .withJvmOption("-Djava.io.tmpdir=/proc")
                    .start();
            Waiting.await().until(() -> !application.isAlive());
            String said = application.output();
            assertTrue(said.contains("Not started: no file can be created in /proc (java.io.tmpdir)"), said);
            assertFalse(said.contains("\tat "), said);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {384, 512, 1024})
    void the_log_gets_new_files_while_connections_use_up_their_share(int files, @TempDir Path log) throws Exception {
        try (Processes processes = new Processes("environment-files-" + files)) {
            Application application = processes
                    .coordinator("application")
                    .with("DTC_RM_IDS", "orders,payments")
                    .with("DTC_LOG_DIRECTORY", log.toString())
                    .with("DTC_LOG_SEGMENT_SIZE", "64K")
                    .withShell("ulimit -n " + files)
                    .start()
                    .awaitReady();
            int port = URI.create(application.url()).getPort();
            String request = "POST /transactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Content-Length: " + COMMIT.length() + "\r\n\r\n" + COMMIT;
            List<RawClient> others = new ArrayList<>();
            try (RawClient client = new RawClient(port)) {
                Waiting.await("a commit")
                        .until(() -> client.send(request).read().body().contains("\"state\":\"COMMITTED\""));
                for (int i = 0; i < CONNECTIONS; i++) {
                    connect(port, others);
                }
                String first = newest(log);
                Waiting.await("another file of the log").until(() -> {
                    assertEquals(201, client.send(request).read().status());
                    return !newest(log).equals(first);
                });
                assertTrue(client.send(request).read().body().contains("\"state\":\"COMMITTED\""));
            } finally {
                others.forEach(RawClient::close);
            }
            Waiting.await("new connections are served again").until(() -> commits(application.url()));
            String said = application.output();
            assertTrue(said.contains("the limit of open files is " + files), said);
            assertFalse(said.contains("Too many open files"), said);
            assertFalse(said.contains("\tat "), said);
        }
    }

    @Test
    void a_limit_of_open_files_that_leaves_no_connections_is_refused() {
        try (Processes processes = new Processes("environment-files-too-few")) {
            Application application = processes
                    .coordinator("application")
                    .with("DTC_RM_IDS", "orders,payments")
                    .withShell("ulimit -n 256")
                    .start();
            Waiting.await().until(() -> !application.isAlive());
            String said = application.output();
            assertTrue(said.contains("Not started: the limit of open files is 256, and "), said);
            assertFalse(said.contains("\tat "), said);
        }
    }

    private static void connect(int port, List<RawClient> others) {
        try {
            RawClient other = new RawClient(port);
            others.add(other);
            other.send("GET /q/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
        } catch (UncheckedIOException _) {
            // closed, since there are too many
        }
    }

    private static String newest(Path log) throws IOException {
        try (Stream<Path> files = Files.list(log)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("segment-"))
                    .sorted()
                    .reduce("", (_, last) -> last);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, http://127.0.0.1:",
        "localhost, http://localhost:",
        "::1,       http://[::1]:",
        "[::1],     http://[::1]:",
        "::,        http://[::1]:",
        "0.0.0.0,   http://127.0.0.1:",
    })
    void its_resource_managers_register_under_the_address_and_the_port_that_it_got(String host, String url)
            throws Exception {
        try (Processes processes = new Processes("environment-address")) {
            Application application = processes
                    .coordinator("application")
                    .with("QUARKUS_HTTP_HOST", host)
                    .with("QUARKUS_HTTP_PORT", "0")
                    .with("DTC_SECURITY_MODE", "none")
                    .with("DTC_REGISTRATION_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
                    .with("DTC_RM_IDS", "orders,payments")
                    .start();
            int port = Integer.parseInt(application.awaitUrl().replaceFirst(".*:", ""));
            assertTrue(port > 0, application::output);
            String reached = url + port;
            Waiting.await("ready")
                    .until(() -> http.get(reached + "/q/health/ready").statusCode() == 200);
            Waiting.await("a commit").until(() -> commits(reached));
            for (JsonNode item : http.getJson(reached + "/resource-managers").path("items")) {
                assertTrue(item.path("url").asText().startsWith(reached + "/"), item::toString);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nonsense", "--port=8080", "-Dquarkus.http.port=8080", "serve"})
    void an_unknown_argument_is_refused_with_the_usage(String argument) {
        try (Processes processes = new Processes("environment-arguments")) {
            Application application =
                    processes.coordinator("application").withArguments(argument).start();
            assertEquals(2, application.awaitEnd(), application::output);
            assertTrue(application.output().contains("log <command>"), application.output());
            assertFalse(application.output().contains("Listening on"), application.output());
        }
    }

    private boolean commits(String url) throws InterruptedException {
        try {
            return http.send(HttpRequest.newBuilder(URI.create(url + "/transactions"))
                            .header("Content-Type", "application/json")
                            .POST(BodyPublishers.ofString(COMMIT)))
                    .body()
                    .contains("\"state\":\"COMMITTED\"");
        } catch (IOException _) {
            return false; // closed, since there are too many connections
        }
    }
}
