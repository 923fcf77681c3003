package dtc.log.etcd;

import dtc.log.fenced.FencedStore;
import dtc.log.fenced.KeyValueStore;
import dtc.log.fenced.Owner.Formats;
import dtc.log.fenced.Timers;
import dtc.testing.TcpProxy;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Clients of etcd in a test, which are closed with it. */
final class EtcdClients implements AutoCloseable {

    static final long QUOTA_BYTES = 2L << 30;

    private final Duration attempt;
    final Vertx vertx = Vertx.vertx();
    /** What the stores have reported as fatal. */
    final Queue<String> fatal = new ConcurrentLinkedQueue<>();

    final Timers timers = (delay, action) -> vertx.setTimer(delay.toMillis(), _ -> action.run());

    EtcdClients() {
        this(Duration.ofMillis(500));
    }

    /** @param attempt how long a client waits for the answer of a member */
    EtcdClients(Duration attempt) {
        this.attempt = attempt;
    }

    KeyValueStore keyValueStore(List<SocketAddress> addresses) {
        return keyValueStore(addresses, null, new HttpClientOptions(), QUOTA_BYTES);
    }

    KeyValueStore keyValueStore(
            List<SocketAddress> addresses,
            EtcdChannel.@Nullable Credentials credentials,
            HttpClientOptions transport,
            long quotaBytes) {
        return new EtcdKeyValueStore(channel(addresses, credentials, transport), quotaBytes);
    }

    static SocketAddress address(TcpProxy proxy) {
        return SocketAddress.inetSocketAddress(proxy.port(), "127.0.0.1");
    }

    EtcdChannel channel(List<SocketAddress> addresses) {
        return channel(addresses, null, new HttpClientOptions());
    }

    private EtcdChannel channel(
            List<SocketAddress> addresses, EtcdChannel.@Nullable Credentials credentials, HttpClientOptions transport) {
        return new EtcdChannel(vertx, new EtcdChannel.Settings(addresses, attempt, credentials, transport));
    }

    FencedStore process(KeyValueStore store, String cluster) {
        return new FencedStore(store, cluster, RandomGenerator.getDefault(), timers, fatal::add, Formats.SUPPORTED);
    }

    static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
