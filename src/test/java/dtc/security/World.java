package dtc.security;

import dtc.testing.TestNames;
import dtc.testing.Waiting;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quarkus.test.junit.QuarkusTestProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that a process needs that other machines reach: an issuer of tokens, an authority for certificates, files with
 * tokens of its own, and a name server. The process is coordinator and host of two resource managers, which talk over
 * TLS.
 */
public final class World implements QuarkusTestResourceLifecycleManager {

    /** For tests that need it. */
    public static final class Secured implements QuarkusTestProfile {
        @Override
        public List<TestResourceEntry> testResources() {
            return List.of(new TestResourceEntry(World.class));
        }

        @Override
        public boolean disableGlobalTestResources() {
            return true;
        }
    }

    static final String COORDINATOR = "system:serviceaccount:dtc:coordinator";
    static final String HOST = "system:serviceaccount:dtc:host";
    static final String SHOP = "system:serviceaccount:dtc:shop";

    /** Test classes run in several processes at the same time. */
    private static final Path DIRECTORY = Path.of(
                    "target", "security", Long.toString(ProcessHandle.current().pid()))
            .toAbsolutePath();

    final TestIssuer issuer;
    final TestNames names;
    final TestCertificates certificates;
    /** Of another authority, which the process does not trust. */
    final TestCertificates strangers;

    private final int port;
    private final HttpClient someone;
    private final HttpClient coordinator;

    public World() throws Exception {
        Files.createDirectories(DIRECTORY.resolve("strangers"));
        issuer = new TestIssuer();
        names = new TestNames();
        certificates = new TestCertificates(DIRECTORY).issue("coordinator").issue("someone");
        strangers = new TestCertificates(DIRECTORY.resolve("strangers")).issue("coordinator");
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            port = free.getLocalPort();
        }
        someone = client("someone");
        coordinator = client("coordinator");
    }

    private HttpClient client(String name) throws Exception {
        return HttpClient.newBuilder()
                .sslContext(certificates.context(certificates, name))
                .connectTimeout(Duration.ofSeconds(20))
                .build();
    }

    @Override
    public void inject(TestInjector injector) {
        injector.injectIntoFields(this, new TestInjector.MatchesType(World.class));
    }

    @Override
    public Map<String, String> start() {
        write("issuer-token", TestIssuer.TOKEN_FOR_KEYS);
        write("coordinator-token", issuer.token(COORDINATOR));
        write("host-token", issuer.token(HOST));
        return Map.ofEntries(
                Map.entry("dtc.security.mode", "oidc"),
                Map.entry("quarkus.oidc.auth-server-url", issuer.url()),
                Map.entry("dtc.security.issuer-token-file", file("issuer-token")),
                Map.entry("dtc.security.rm-owners.\"%s\"".formatted(HOST), "orders,payments"),
                Map.entry("dtc.security.roles.\"%s\"".formatted(SHOP), "dtc-client"),
                Map.entry("dtc.security.rm-claim", "owned"),
                Map.entry("dtc.security.token-reread-every", "100ms"),
                Map.entry("dtc.coordinator.token-file", file("coordinator-token")),
                Map.entry("dtc.rm.token-file", file("host-token")),
                Map.entry("dtc.rm.coordinator-subject", COORDINATOR),
                Map.entry("dtc.rm.coordinator-certificate", "coordinator.test"),
                Map.entry("dtc.rm.coordinator-url", url()),
                Map.entry("dtc.rm.advertised-url", url()),
                Map.entry("dtc.registration.allowed-hosts", "127.0.0.1,localhost,*.rm.test"),
                Map.entry("dtc.security.client-certificates", "required"),
                Map.entry("quarkus.http.insecure-requests", "disabled"),
                Map.entry("quarkus.http.tls-configuration-name", "dtc"),
                Map.entry("quarkus.http.test-ssl-port", Integer.toString(port)),
                // All over TLS, where it has been packaged too: there /q would have a port of its own.
                Map.entry("quarkus.management.host-enabled", "false"),
                Map.entry("quarkus.http.idle-timeout", "4s"),
                Map.entry(
                        "quarkus.tls.dtc.key-store.pem.0.cert",
                        certificates.certificateFile("coordinator").toString()),
                Map.entry(
                        "quarkus.tls.dtc.key-store.pem.0.key",
                        certificates.keyFile("coordinator").toString()),
                Map.entry(
                        "quarkus.tls.dtc.trust-store.pem.certs",
                        certificates.authorityFile().toString()),
                Map.entry("quarkus.vertx.resolver.servers", names.address()));
    }

    private static String file(String name) {
        return DIRECTORY.resolve(name).toString();
    }

    /** As a whole, as those do it that renew tokens. */
    static void write(String name, String content) {
        try {
            Path next = Files.writeString(DIRECTORY.resolve(name + ".next"), content);
            Files.move(next, DIRECTORY.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return port;
    }

    String url() {
        return "https://localhost:" + port;
    }

    void awaitReady() {
        Waiting.await().until(() -> call("GET", "/q/health/ready", null, null).statusCode() == 200);
    }

    /** A call of someone that may connect. */
    HttpResponse<String> call(String method, String path, @Nullable String token, @Nullable String body) {
        return call(someone, method, path, token, body);
    }

    /** Begins a transaction by a request that may be sent again. */
    HttpResponse<String> begin(String token, String idempotencyKey) {
        return send(someone, request("POST", "/transactions", token, "{}").header("Idempotency-Key", idempotencyKey));
    }

    /** Sends a form of the console as a browser would that says no more than which origin it is of. */
    HttpResponse<String> submit(String path, String token, String form) {
        return send(
                someone,
                request("POST", path, token, form)
                        .setHeader("Content-Type", "application/x-www-form-urlencoded")
                        .header("Origin", url()));
    }

    /** A call over a connection with the coordinator's certificate. */
    HttpResponse<String> callAsCoordinator(String method, String path, @Nullable String token, @Nullable String body) {
        return call(coordinator, method, path, token, body);
    }

    private HttpResponse<String> call(
            HttpClient client, String method, String path, @Nullable String token, @Nullable String body) {
        return send(client, request(method, path, token, body));
    }

    private HttpRequest.Builder request(String method, String path, @Nullable String token, @Nullable String body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url() + path))
                .timeout(Duration.ofSeconds(20))
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        return request;
    }

    private static HttpResponse<String> send(HttpClient client, HttpRequest.Builder request) {
        try {
            return client.send(request.build(), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void stop() {
        issuer.close();
        names.close();
        someone.close();
        coordinator.close();
    }
}
