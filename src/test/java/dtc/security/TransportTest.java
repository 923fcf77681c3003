package dtc.security;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.testing.LogLines;
import dtc.testing.Waiting;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.quarkus.tls.CertificateUpdatedEvent;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.restassured.path.json.JsonPath;
import jakarta.enterprise.event.Event;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who can connect, and what a connection may be used for. */
@QuarkusTest
@TestProfile(World.Secured.class)
class TransportTest {

    private static final int SLOW_CONNECTIONS = 50;

    @SuppressWarnings("NullAway.Init") // injected
    World world;

    @Inject
    @SuppressWarnings("NullAway.Init")
    TlsConfigurationRegistry registry;

    @Inject
    @SuppressWarnings("NullAway.Init")
    Event<CertificateUpdatedEvent> reloads;

    @BeforeEach
    void resourceManagersAreRegistered() {
        world.awaitReady();
    }

    @Test
    void a_connection_needs_a_certificate_before_and_after_each_reload() throws Exception {
        onlyThoseWithACertificateConnect();
        for (int i = 0; i < 2; i++) {
            Certificate before = serverCertificate();
            world.certificates.issue("coordinator");
            TlsConfiguration tls = registry.get("dtc").orElseThrow();
            assertTrue(tls.reload());
            try {
                reloads.fire(new CertificateUpdatedEvent("dtc", tls));
            } catch (ConcurrentModificationException _) {
                // The observer of the framework fails if a client is created at the same time.
            }

            Waiting.await().untilAsserted(() -> assertNotEquals(before, serverCertificate()));
            // The same certificate serves and calls.
            Waiting.await().untilAsserted(() -> assertEquals(serverCertificate(), clientCertificate()));
            onlyThoseWithACertificateConnect();
            // The first votes may time out on a slow machine: the connections are new.
            Waiting.await().untilAsserted(this::commits);
        }
    }

    private void onlyThoseWithACertificateConnect() throws Exception {
        assertEquals(200, health(world.certificates.context(world.certificates, "someone")));
        assertThrows(IOException.class, () -> health(world.certificates.context(null, "nobody")));
        assertThrows(IOException.class, () -> health(world.certificates.context(world.strangers, "coordinator")));
    }

    private int health(SSLContext context) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newBuilder().sslContext(context).build()) {
            return client.send(
                            HttpRequest.newBuilder(URI.create(world.url() + "/q/health/live"))
                                    .timeout(Duration.ofSeconds(20))
                                    .build(),
                            BodyHandlers.discarding())
                    .statusCode();
        }
    }

    private Certificate serverCertificate() throws Exception {
        try (SSLSocket socket = connect()) {
            return socket.getSession().getPeerCertificates()[0];
        }
    }

    /** What the coordinator shows to resource managers. */
    private Certificate clientCertificate() throws Exception {
        try (Listener listener = new Listener(world.certificates.context(world.certificates, "someone"))) {
            assertEquals(204, writeTo(listener));
            return listener.certificates().getFirst();
        }
    }

    private SSLSocket connect() throws Exception {
        SSLSocket socket = (SSLSocket) world.certificates
                .context(world.certificates, "someone")
                .getSocketFactory()
                .createSocket("127.0.0.1", world.port());
        socket.startHandshake();
        return socket;
    }

    /** Over new connections, both ways between coordinator and resource manager. */
    private void commits() {
        HttpResponse<String> answer = world.call(
                "POST",
                "/transactions",
                world.issuer.token("alice", Role.CLIENT),
                "{\"autoCommit\":true,\"writes\":[{\"resourceManager\":\"orders\",\"key\":\"tls\",\"value\":1},"
                        + "{\"resourceManager\":\"payments\",\"key\":\"tls\",\"value\":1}]}");
        assertEquals("COMMITTED", new JsonPath(answer.body()).getString("state"), answer.body());
    }

    @Test
    void the_coordinator_calls_only_servers_that_it_trusts() throws Exception {
        try (Listener stranger = new Listener(world.certificates.context(world.strangers, "coordinator"));
                Listener trusted = new Listener(world.certificates.context(world.certificates, "someone"))) {
            assertTrue(writeTo(stranger) >= 500);
            assertEquals(0, stranger.calls());
            assertEquals(204, writeTo(trusted));
            assertEquals(1, trusted.calls());
        } finally {
            world.call("DELETE", "/resource-managers/stock", owner(), null);
        }
    }

    @Test
    void a_refused_certificate_is_named_as_the_reason_without_a_stack_trace() throws Exception {
        world.certificates.issue("expired", Duration.ofDays(-1));
        try (Listener expired = new Listener(world.certificates.context(world.certificates, "expired"));
                Listener stranger = new Listener(world.certificates.context(world.strangers, "coordinator"));
                LogLines log = LogLines.ofApplication("")) {
            assertEquals("a write to stock failed: its certificate has expired", refusalOfWriteTo(expired));
            assertEquals(
                    "a write to stock failed: its certificate is not trusted, or is for another host",
                    refusalOfWriteTo(stranger));
            assertEquals(0, expired.calls() + stranger.calls());
            assertEquals(
                    List.of(),
                    log.lines().stream().filter(line -> line.contains("tls")).toList());
        } finally {
            world.call("DELETE", "/resource-managers/stock", owner(), null);
        }
    }

    private String refusalOfWriteTo(Listener listener) {
        return new JsonPath(write(listener).body()).getString("detail");
    }

    private int writeTo(Listener listener) {
        return write(listener).statusCode();
    }

    private HttpResponse<String> write(Listener listener) {
        String client = world.issuer.token("alice", Role.CLIENT);
        world.call("DELETE", "/resource-managers/stock", owner(), null);
        HttpResponse<String> registered = world.call(
                "PUT",
                "/resource-managers/stock",
                owner(),
                String.format(
                        Locale.ROOT,
                        "{\"url\":\"https://localhost:%d\",\"instance\":\"%s\"}",
                        listener.port(),
                        UUID.randomUUID()));
        assertEquals(201, registered.statusCode(), registered.body());
        String id =
                new JsonPath(world.call("POST", "/transactions", client, "{}").body()).getString("id");
        return world.call(
                "POST",
                "/transactions/" + id + "/writes",
                client,
                "{\"resourceManager\":\"stock\",\"key\":\"k\",\"value\":1}");
    }

    private String owner() {
        return world.issuer.token("stock", Role.RESOURCE_MANAGER);
    }

    @Test
    void clients_with_half_sent_requests_are_disconnected_and_block_nobody() throws Exception {
        List<SSLSocket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < SLOW_CONNECTIONS; i++) {
                SSLSocket socket = connect();
                write(socket, "POST /transactions HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
                slow.add(socket);
            }
            // The first votes may time out on a slow machine.
            Waiting.await().untilAsserted(this::commits);
            for (SSLSocket socket : slow) {
                Waiting.await().until(() -> isClosed(socket));
            }
        } finally {
            for (SSLSocket socket : slow) {
                socket.close();
            }
        }
    }

    private static boolean isClosed(SSLSocket socket) {
        try {
            socket.setSoTimeout(50);
            return socket.getInputStream().read() == -1;
        } catch (SocketTimeoutException _) {
            return false;
        } catch (IOException _) {
            return true;
        }
    }

    @Test
    void a_flood_of_headers_is_cut_off() throws Exception {
        assertEquals("HTTP/1.1 431", statusOf("X-Long: " + "x".repeat(20_000) + "\r\n"));
        assertEquals("HTTP/1.1 431", statusOf("X-Many: x\r\n".repeat(2_000)));
        assertEquals("HTTP/1.1 200", statusOf("X-Fine: x\r\n"));
        // Over HTTP/2, which the client prefers.
        HttpRequest flood = HttpRequest.newBuilder(URI.create(world.url() + "/q/health/live"))
                .header("X-Long", "x".repeat(20_000))
                .build();
        try (HttpClient client = HttpClient.newBuilder()
                .sslContext(world.certificates.context(world.certificates, "someone"))
                .build()) {
            int status = client.send(flood, BodyHandlers.discarding()).statusCode();
            assertEquals(431, status);
        } catch (IOException _) {
            // The stream or the connection was closed: refused as well.
        }
        commits();
    }

    private String statusOf(String headers) throws Exception {
        try (SSLSocket socket = connect()) {
            socket.setSoTimeout(20_000);
            write(socket, "GET /q/health/live HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
            return new String(socket.getInputStream().readNBytes("HTTP/1.1 431".length()), StandardCharsets.US_ASCII);
        }
    }

    private static void write(SSLSocket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().flush();
    }
}
