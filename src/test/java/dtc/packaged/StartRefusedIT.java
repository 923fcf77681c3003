package dtc.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.packaged.Processes.Application;
import dtc.testing.NoApplication;
import dtc.testing.PostgresServer;
import dtc.testing.Waiting;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who can reach a process that is told nothing, and what does not start. */
@NoApplication
class StartRefusedIT {

    private static final List<String> PATHS = List.of("/q/health", "/q/metrics", "/q/openapi", "/q/swagger-ui/");

    @Test
    void a_reachable_process_does_not_start_without_a_token_issuer() {
        try (Processes processes = new Processes("start-refused")) {
            Application open = processes
                    .coordinator("open")
                    .with("QUARKUS_HTTP_HOST", "0.0.0.0")
                    .start();
            Application told = processes
                    .coordinator("told")
                    .with("DTC_SECURITY_MODE", "oidc")
                    .start();
            refuses(open, "0.0.0.0", "QUARKUS_OIDC_AUTH_SERVER_URL", "DTC_SECURITY_MODE", "QUARKUS_HTTP_HOST");
            refuses(told, "QUARKUS_OIDC_AUTH_SERVER_URL");

            // Nobody listens at this issuer: that is no reason, for it may start later than we do.
            Application anybodys = processes
                    .coordinator("anybodys")
                    .with("DTC_RM_IDS", "orders")
                    .with("QUARKUS_OIDC_AUTH_SERVER_URL", "http://127.0.0.1:1")
                    .start();
            refuses(anybodys, "DTC_RM_COORDINATOR_SUBJECT");
            Application withoutRole = processes
                    .coordinator("without-role")
                    .with("DTC_COORDINATOR_ENABLED", "false")
                    .start();
            refuses(withoutRole, "dtc.coordinator.enabled", "DTC_COORDINATOR_ENABLED", "dtc.rm.ids", "DTC_RM_IDS");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "DTC_RM_COORDINATOR_URL, http://dtc_coordinator:8080",
        "DTC_RM_COORDINATOR_URL, localhost:8080",
        "DTC_RM_COORDINATOR_URL, /path",
        "DTC_RM_ADVERTISED_URL, ftp://host",
        "DTC_RM_ADVERTISED_URL, http:///path",
        "DTC_RM_ADVERTISED_URL, http://my_host",
    })
    void a_url_without_scheme_or_host_is_refused(String variable, String url) {
        try (Processes processes = new Processes("start-url")) {
            String said = ended(processes
                    .coordinator("url")
                    .with("DTC_RM_IDS", "orders")
                    .with(variable, url)
                    .start());
            assertTrue(said.contains(variable), said);
            assertTrue(said.contains(url), said);
        }
    }

    @Test
    void a_path_that_the_build_has_fixed_is_refused(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("dtc.properties"), "quarkus.http.root-path=/from/file\n");
        try (Processes processes = new Processes("start-path")) {
            Application environment = processes
                    .coordinator("environment")
                    .with("QUARKUS_HTTP_ROOT_PATH", "/dtc")
                    .start();
            Application property = processes
                    .coordinator("property")
                    .withJvmOption("-Dquarkus.http.root-path=dtc/")
                    .start();
            Application inFile = processes
                    .coordinator("file")
                    .with("QUARKUS_CONFIG_LOCATIONS", file.toString())
                    .start();
            Application other = processes
                    .coordinator("other")
                    .with("QUARKUS_HTTP_NON_APPLICATION_ROOT_PATH", "/ops")
                    .start();
            refuses(environment, "quarkus.http.root-path", "QUARKUS_HTTP_ROOT_PATH", "'/dtc'", "X-Forwarded-Prefix");
            refuses(property, "quarkus.http.root-path", "'dtc/'");
            refuses(inFile, "quarkus.http.root-path", "'/from/file'");
            refuses(other, "QUARKUS_HTTP_NON_APPLICATION_ROOT_PATH", "'/ops'");

            processes
                    .coordinator("same")
                    .with("QUARKUS_HTTP_ROOT_PATH", "/")
                    .with("QUARKUS_HTTP_NON_APPLICATION_ROOT_PATH", "/q/")
                    .start()
                    .awaitReady();
        }
    }

    @Test
    void all_limits_that_allow_nothing_are_reported_at_once() {
        try (Processes processes = new Processes("start-limited")) {
            String said = ended(processes
                    .coordinator("limited")
                    .with("DTC_LIMITS_WRITES_MAX", "0")
                    .with("DTC_CONSOLE_VIEWERS_MAX", "0")
                    .with("DTC_CONSOLE_TIMELINES_MAX", "-1")
                    .with("DTC_CONSOLE_ATTENTION_AFTER", "0s")
                    .start());
            for (String name :
                    List.of("dtc.limits.writes-max", "dtc.console.timelines-max", "dtc.console.attention-after")) {
                assertTrue(said.contains(name + " must be "), name + " in " + said);
            }
        }
    }

    @Test
    void a_directory_means_a_log_in_files(@TempDir Path directory) throws IOException {
        try (Processes processes = new Processes("start-log")) {
            String said = ended(processes
                    .coordinator("contradictory")
                    .with("DTC_LOG_KIND", "memory")
                    .with("DTC_LOG_DIRECTORY", directory.toString())
                    .start());
            assertTrue(said.contains("DTC_LOG_DIRECTORY") && said.contains("DTC_LOG_KIND"), said);
            try (Stream<Path> files = Files.list(directory)) {
                assertEquals(0, files.count());
            }
            String printed = processes
                    .coordinator("files")
                    .with("DTC_LOG_DIRECTORY", directory.toString())
                    .start()
                    .awaitReady()
                    .output();
            assertTrue(printed.contains("decision log: file, " + directory), printed);
            assertFalse(printed.contains("in memory"), printed);
            try (Stream<Path> files = Files.list(directory)) {
                assertTrue(files.findAny().isPresent());
            }
        }
    }

    @Test
    void a_database_that_cannot_be_used_is_reported_with_the_keys_to_change(@TempDir Path directory) throws Exception {
        Path wrong = Files.writeString(directory.resolve("wrong"), "wrong");
        Map<String, String> environment = PostgresServer.shared().environment();
        try (Processes processes = new Processes("start-database")) {
            Application coordinator = processes.coordinator("not-started");
            Application password = processes
                    .resourceManagers("password", coordinator)
                    .with(environment)
                    .with("DTC_RM_STORE_PASSWORD_FILE", wrong.toString())
                    .start();
            Application unused = processes
                    .resourceManagers("unused", coordinator)
                    .with(environment)
                    .without("DTC_RM_STORE_KIND")
                    .start();
            Application keys = processes
                    .resourceManagers("keys", coordinator)
                    .with(environment)
                    .with("DTC_LIMITS_KEY_CHARS_MAX", "851")
                    .start();
            refuses(password, "DTC_RM_STORE_USERNAME", "DTC_RM_STORE_PASSWORD_FILE");
            refuses(unused, "DTC_RM_STORE_URL", "DTC_RM_STORE_KIND");
            refuses(keys, "DTC_LIMITS_KEY_CHARS_MAX", "850");
        }
    }

    private static String ended(Application application) {
        Waiting.await().until(() -> !application.isAlive());
        return application.output();
    }

    private static void refuses(Application application, String... named) {
        String said = ended(application);
        assertTrue(said.contains("Not started: "), said);
        for (String name : named) {
            assertTrue(said.contains(name), name + " in " + said);
        }
        assertFalse(said.contains("\tat dtc."), "a message is enough: " + said);
    }

    @Test
    void security_can_be_disabled_explicitly() throws Exception {
        try (Processes processes = new Processes("start-open");
                HttpClient client = HttpClient.newHttpClient()) {
            Application open = processes
                    .coordinator("open")
                    .with("QUARKUS_HTTP_HOST", "0.0.0.0")
                    .with("DTC_SECURITY_MODE", "none")
                    .start()
                    .awaitReady();
            assertTrue(open.output().contains("security is off"), open.output());
            showsAll(client, open);
        }
    }

    /** Told so by a file, which counts as much as the environment. */
    @Test
    void a_secured_process_has_a_management_port() throws Exception {
        try (Processes processes = new Processes("start-secured");
                HttpClient client = HttpClient.newHttpClient()) {
            Path file = Files.writeString(
                    Files.createTempFile("dtc", ".properties"),
                    "quarkus.http.host=0.0.0.0\nquarkus.oidc.auth-server-url=http://127.0.0.1:1\n");
            Application secured = processes
                    .coordinator("secured")
                    .without("QUARKUS_HTTP_HOST")
                    .with("QUARKUS_CONFIG_LOCATIONS", file.toString())
                    .start()
                    .awaitReady();
            for (String path : PATHS) {
                assertEquals(200, status(client, secured.managementUrl() + path));
                assertEquals(path.startsWith("/q/health") ? 404 : 401, status(client, secured.url() + path));
            }
            assertEquals(404, status(client, secured.managementUrl() + "/transactions"));
            assertEquals(401, status(client, secured.url() + "/transactions"));
        }
    }

    @Test
    void the_default_is_to_listen_on_loopback_only() throws Exception {
        try (Processes processes = new Processes("start-told-nothing");
                HttpClient client = HttpClient.newHttpClient()) {
            Application plain = processes
                    .coordinator("plain")
                    .without("QUARKUS_HTTP_HOST")
                    .without("QUARKUS_MANAGEMENT_HOST")
                    .without("QUARKUS_MANAGEMENT_PORT")
                    .start()
                    .awaitReady();
            assertTrue(plain.output().contains("Listening on: " + plain.url()), plain.output());
            assertTrue(
                    plain.output()
                            .contains(
                                    "; roles: coordinator; decision log: memory; security: none, loopback only; address: "
                                            + plain.url()),
                    plain.output());
            assertTrue(
                    plain.output().contains("the decision log is in memory: a restart loses the outcomes"),
                    plain.output());
            showsAll(client, plain);
        }
    }

    private static void showsAll(HttpClient client, Application application) throws Exception {
        assertFalse(application.output().contains("Management interface"), application.output());
        assertEquals(200, status(client, application.url() + "/transactions"));
        for (String path : PATHS) {
            assertEquals(200, status(client, application.url() + path), path);
        }
    }

    private static int status(HttpClient client, String url) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.discarding())
                .statusCode();
    }
}
