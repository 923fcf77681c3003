package dtc.log.etcd;

import static dtc.log.etcd.EtcdClients.QUOTA_BYTES;
import static dtc.log.etcd.EtcdClients.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.AppendResult;
import dtc.log.etcd.EtcdChannel.Credentials;
import dtc.log.etcd.EtcdCluster.Member;
import dtc.log.fenced.Attempt;
import dtc.log.fenced.FencedStore;
import dtc.log.fenced.Held;
import dtc.log.fenced.KeyValueStore;
import dtc.log.fenced.StoredValue;
import dtc.log.fenced.Txn;
import dtc.security.TestCertificates;
import dtc.testing.NoApplication;
import dtc.testing.TcpProxy;
import dtc.testing.Waiting;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Errors that etcd reports, and etcd with other data. Each test has one process of etcd. */
@NoApplication
class EtcdStatusIT {

    private static final AppendResult STORED = new AppendResult.Stored();
    private static final Credentials ROOT = new Credentials("root", "secret");

    @TempDir
    private Path directory;

    private final EtcdClients clients = new EtcdClients();

    @AfterEach
    void closeClients() {
        clients.close();
    }

    private static ByteBuffer batch(int number) {
        return ByteBuffer.wrap(new byte[] {(byte) number});
    }

    private EtcdCluster single(String name, String... options) throws IOException {
        return new EtcdCluster(directory.resolve(name), 1, options);
    }

    private KeyValueStore store(SocketAddress address) {
        return clients.keyValueStore(List.of(address));
    }

    private static String reason(CompletionStage<? extends Attempt<?>> attempt) throws Exception {
        return get(attempt) instanceof Attempt.NoAnswer<?>(String reason) ? reason : "";
    }

    private static Txn put(String key, StoredValue value) {
        return new Txn(List.of(), List.of(new Txn.Operation.Put(key, value)), List.of());
    }

    @Test
    void an_append_waits_until_etcd_has_space_again() throws Exception {
        long quota = 16 << 20;
        try (EtcdCluster small =
                single("small", "--quota-backend-bytes=" + quota).start()) {
            Member member = small.member(0);
            KeyValueStore store =
                    clients.keyValueStore(List.of(member.address()), null, new HttpClientOptions(), quota);
            FencedStore process = clients.process(store, "c");
            Held held = get(process.create("host:1"));
            StoredValue filling = new StoredValue(ByteBuffer.allocate(512 << 10));
            String reason = "";
            for (int i = 0; reason.isEmpty() && i < 100; i++) {
                reason = reason(store.commit(put("filling/" + i, filling)));
            }
            assertTrue(reason.contains("RESOURCE_EXHAUSTED"), reason);
            assertTrue(get(store.usage()).orElseThrow() > 0.6);

            CompletionStage<AppendResult> append = process.append(held, 1, batch(1));
            Waiting.await().until(() -> process.lastFailure().contains("database space exceeded"));
            assertFalse(append.toCompletableFuture().isDone());
            member.stop();
            small.option("--quota-backend-bytes=" + 10 * quota);
            member.start();
            small.awaitListening();
            Waiting.await().untilAsserted(() -> endAlarm(member));
            assertEquals(STORED, get(append));
        }
    }

    private static void endAlarm(Member member) throws Exception {
        Matcher alarm = Pattern.compile("\"memberID\":\"(\\d+)\"").matcher(member.call("maintenance/alarm", """
                        {"action": "GET"}"""));
        assertTrue(alarm.find());
        member.call("maintenance/alarm", """
                {"action": "DEACTIVATE", "memberID": "%s", "alarm": "NOSPACE"}""".formatted(alarm.group(1)));
    }

    @Test
    void an_append_waits_until_etcd_accepts_the_user() throws Exception {
        try (EtcdCluster etcd = single("users").start()) {
            Member member = etcd.member(0);
            FencedStore anonymous = clients.process(store(member.address()), "c");
            Held held = get(anonymous.create("host:1"));
            enableUsers(member);
            CompletionStage<AppendResult> append = anonymous.append(held, 1, batch(1));
            Waiting.await().until(() -> anonymous.lastFailure().contains("user name"));
            assertFalse(append.toCompletableFuture().isDone());

            FencedStore user = clients.process(storeOf(member, ROOT), "c");
            assertEquals(2, get(user.create("host:2")).number());
            KeyValueStore wrong = storeOf(member, new Credentials("root", "wrong"));
            Waiting.await().until(() -> reason(wrong.range("a", "b", 1)).contains("authentication failed"));
            assertFalse(append.toCompletableFuture().isDone());
        }
    }

    @Test
    void a_token_that_etcd_has_forgotten_is_replaced() throws Exception {
        try (EtcdCluster etcd = single("tokens").start()) {
            Member member = etcd.member(0);
            enableUsers(member);
            FencedStore process = clients.process(storeOf(member, ROOT), "c");
            Held held = get(process.create("host:1"));
            assertEquals(STORED, get(process.append(held, 1, batch(1))));
            member.kill();
            member.start();
            assertEquals(STORED, get(process.append(held, 2, batch(2))));
        }
    }

    private KeyValueStore storeOf(Member member, Credentials credentials) {
        return clients.keyValueStore(List.of(member.address()), credentials, new HttpClientOptions(), QUOTA_BYTES);
    }

    private static void enableUsers(Member member) throws Exception {
        member.call("auth/user/add", """
                {"name": "root", "password": "secret"}""");
        member.call("auth/role/add", """
                {"name": "root"}""");
        member.call("auth/user/grant", """
                {"user": "root", "role": "root"}""");
        member.call("auth/enable", "{}");
    }

    @Test
    void another_etcd_is_fatal() throws Exception {
        try (EtcdCluster first = single("first").start();
                EtcdCluster second = single("second").start();
                TcpProxy proxy = new TcpProxy(first.member(0).address().port())) {
            FencedStore process = clients.process(store(EtcdClients.address(proxy)), "c");
            Held held = get(process.create("host:1"));
            proxy.redirect(second.member(0).address().port());
            CompletionStage<AppendResult> append = process.append(held, 1, batch(1));

            assertThrows(ExecutionException.class, () -> get(append));
            assertEquals(1, clients.fatal.size());
            assertTrue(clients.fatal.element().startsWith("the store has the id "), clients.fatal.element());
        }
    }

    @Test
    void an_etcd_with_older_data_is_fatal() throws Exception {
        try (EtcdCluster etcd = single("restored").start()) {
            Member member = etcd.member(0);
            FencedStore process = clients.process(store(member.address()), "c");
            Held held = get(process.create("host:1"));
            member.stop();
            copy(member.data(), directory.resolve("copy"));
            member.start();
            for (int i = 1; i <= 3; i++) {
                assertEquals(STORED, get(process.append(held, i, batch(i))));
            }
            member.stop();
            copy(directory.resolve("copy"), member.data());
            CompletionStage<AppendResult> append = process.append(held, 4, batch(4));
            member.start();

            assertThrows(ExecutionException.class, () -> get(append));
            assertEquals(1, clients.fatal.size());
            assertTrue(clients.fatal.element().startsWith("the revision of the store is "), clients.fatal.element());
        }
    }

    /** Replaces the target by a copy of the source. */
    private static void copy(Path source, Path target) throws IOException {
        delete(target);
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(source.relativize(file).toString()));
            }
        }
    }

    private static void delete(Path target) throws IOException {
        if (Files.exists(target)) {
            try (Stream<Path> files = Files.walk(target)) {
                for (Path file : files.toList().reversed()) {
                    Files.delete(file);
                }
            }
        }
    }

    @Test
    void etcd_is_called_over_tls_with_a_client_certificate() throws Exception {
        TestCertificates certificates = new TestCertificates(Files.createDirectories(directory.resolve("tls")));
        certificates.issue("etcd").issue("coordinator");
        TestCertificates strangers = new TestCertificates(Files.createDirectories(directory.resolve("strangers")));
        try (EtcdCluster etcd = single(
                "secure",
                "--cert-file=" + certificates.certificateFile("etcd"),
                "--key-file=" + certificates.keyFile("etcd"),
                "--trusted-ca-file=" + certificates.authorityFile(),
                "--client-cert-auth")) {
            Member member = etcd.member(0);
            member.start();
            HttpClientOptions transport = new HttpClientOptions()
                    .setSsl(true)
                    .setTrustOptions(new PemTrustOptions()
                            .addCertPath(certificates.authorityFile().toString()));
            HttpClientOptions withCertificate = new HttpClientOptions(transport)
                    .setKeyCertOptions(new PemKeyCertOptions()
                            .addCertPath(
                                    certificates.certificateFile("coordinator").toString())
                            .addKeyPath(certificates.keyFile("coordinator").toString()));
            HttpClientOptions withOtherAuthority = new HttpClientOptions(withCertificate)
                    .setTrustOptions(new PemTrustOptions()
                            .addCertPath(strangers.authorityFile().toString()));
            FencedStore process = clients.process(secure(member, withCertificate), "c");
            Held held = get(process.create("host:1"));
            assertEquals(STORED, get(process.append(held, 1, batch(1))));

            for (HttpClientOptions refused : List.of(transport, withOtherAuthority)) {
                assertFalse(reason(secure(member, refused).range("a", "b", 1)).isEmpty());
            }
        }
    }

    private KeyValueStore secure(Member member, HttpClientOptions transport) {
        return clients.keyValueStore(List.of(member.address()), null, transport, QUOTA_BYTES);
    }
}
