package dtc.log.etcd;

import dtc.log.etcd.api.AuthenticateRequest;
import dtc.log.etcd.api.AuthenticateResponse;
import dtc.log.etcd.api.ResponseHeader;
import dtc.log.fenced.Attempt;
import dtc.log.fenced.Attempt.Answered;
import dtc.log.fenced.Attempt.NoAnswer;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.GrpcStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Calls methods of etcd for one purpose. Each purpose has its own channel, with its own connection and endpoint, so
 * that an endpoint that does not answer delays only one of them.
 *
 * <p>A channel uses one endpoint until a call has no answer, then the next one.
 */
public final class EtcdChannel {

    /** The size of a page of the log, plus an allowance for the names of keys. */
    private static final int MESSAGE_BYTES_MAX = (4 << 20) + (64 << 10);

    /** Closes connections that are opened to a process that does not answer. */
    private static final int IDLE_TIMEOUT_SECONDS = 10;

    /** The maximum number of times that the timeout doubles while no endpoint answers. */
    private static final int TIMEOUT_DOUBLINGS_MAX = 3;

    private final Vertx vertx;
    private final GrpcClient client;
    private final Settings settings;
    /** The number of calls without an answer. Selects the endpoint. */
    private final AtomicInteger endpoint = new AtomicInteger();
    /** The number of timeouts since the last answer. */
    private final AtomicInteger timeouts = new AtomicInteger();
    /** The token from etcd; null if there is none, or if it was not accepted. */
    private final AtomicReference<@Nullable String> token = new AtomicReference<>();

    /**
     * The configuration.
     *
     * @param attemptTimeout how long a call waits for an answer; longer if no endpoint answers in time
     * @param credentials null if etcd does not require a user
     * @param transport for example TLS
     */
    public record Settings(
            List<SocketAddress> endpoints,
            Duration attemptTimeout,
            @Nullable Credentials credentials,
            HttpClientOptions transport) {

        public Settings {
            endpoints = List.copyOf(endpoints);
            if (endpoints.isEmpty()) {
                throw new IllegalArgumentException("etcd needs at least one endpoint");
            }
        }
    }

    /** A user of etcd. */
    public record Credentials(String user, String password) {
        @Override
        public String toString() {
            return "user " + user;
        }
    }

    public EtcdChannel(Vertx vertx, Settings settings) {
        this.vertx = vertx;
        this.settings = settings;
        HttpClientOptions transport = new HttpClientOptions(settings.transport())
                .setHttp2ClearTextUpgrade(false)
                .setUseAlpn(settings.transport().isSsl())
                .setConnectTimeout((int) settings.attemptTimeout().toMillis())
                .setIdleTimeout(IDLE_TIMEOUT_SECONDS);
        this.client = GrpcClient.client(
                vertx, new GrpcClientOptions().setTransportOptions(transport).setMaxMessageSize(MESSAGE_BYTES_MAX));
    }

    /** Calls a method once. */
    <Q, R> CompletionStage<Attempt<R>> call(EtcdMethod<Q, R> method, Q request) {
        return authenticate().thenCompose(attempt -> switch (attempt) {
            case Answered<Optional<String>> answered -> new Call<>(method, answered.result()).send(request);
            case NoAnswer<Optional<String>>(String reason) -> CompletableFuture.completedStage(new NoAnswer<>(reason));
        });
    }

    /** Opens a stream of responses to one request. It ends if it cannot be opened. */
    <Q, R> EtcdStream<Q, R> open(EtcdMethod<Q, R> method, Q request, EtcdStream.Listener<R> listener) {
        EtcdStream<Q, R> stream = new EtcdStream<>(vertx, settings.attemptTimeout(), listener);
        int number = endpoint.get();
        stream.onFailure(() -> endpoint.compareAndSet(number, number + 1));
        authenticate().thenAccept(attempt -> {
            switch (attempt) {
                case Answered<Optional<String>> answered ->
                    client.request(address(number), method.method()).onComplete(created -> {
                        if (created.failed()) {
                            stream.fail("no connection: " + created.cause().getMessage());
                        } else {
                            answered.result()
                                    .ifPresent(
                                            token -> created.result().headers().set("token", token));
                            stream.start(created.result(), request);
                        }
                    });
                case NoAnswer<Optional<String>>(String reason) -> stream.fail(reason);
            }
        });
        return stream;
    }

    /** Obtains a token; empty if etcd does not require a user. */
    private CompletionStage<Attempt<Optional<String>>> authenticate() {
        Credentials credentials = settings.credentials();
        String current = token.get();
        if (credentials == null || current != null) {
            return CompletableFuture.completedStage(new Answered<>(Optional.ofNullable(current), "", 0));
        }
        AuthenticateRequest request = AuthenticateRequest.newBuilder()
                .setName(credentials.user())
                .setPassword(credentials.password())
                .build();
        return new Call<>(EtcdMethod.AUTHENTICATE, Optional.empty())
                .send(request)
                .thenApply(attempt -> switch (attempt) {
                    case Answered<AuthenticateResponse>(
                            AuthenticateResponse response,
                            String storeId,
                            long revision) -> {
                        token.set(response.getToken());
                        yield new Answered<>(Optional.of(response.getToken()), storeId, revision);
                    }
                    case NoAnswer<AuthenticateResponse>(String reason) ->
                        new NoAnswer<>("authentication as " + credentials + ": " + reason);
                });
    }

    private SocketAddress address(int number) {
        return settings.endpoints()
                .get(Math.floorMod(number, settings.endpoints().size()));
    }

    /** The channel must not be used afterwards. */
    public CompletionStage<Void> close() {
        return client.close().toCompletionStage();
    }

    /** One attempt to call a method. */
    private final class Call<Q, R> {
        private final EtcdMethod<Q, R> method;
        private final Optional<String> sentToken;
        private final int number = endpoint.get();
        private final SocketAddress address = address(number);
        private final CompletableFuture<Attempt<R>> result = new CompletableFuture<>();
        private final AtomicReference<@Nullable GrpcClientRequest<Q, R>> sent = new AtomicReference<>();
        private volatile long timer;

        private Call(EtcdMethod<Q, R> method, Optional<String> sentToken) {
            this.method = method;
            this.sentToken = sentToken;
        }

        private CompletionStage<Attempt<R>> send(Q request) {
            int doublings = Math.min(timeouts.get() / settings.endpoints().size(), TIMEOUT_DOUBLINGS_MAX);
            long timeoutMillis = settings.attemptTimeout().toMillis() << doublings;
            timer = vertx.setTimer(timeoutMillis, _ -> timeOut(timeoutMillis));
            client.request(address, method.method()).onComplete(created -> {
                if (created.failed()) {
                    fail("no connection: " + created.cause().getMessage());
                } else if (result.isDone()) {
                    created.result().cancel();
                } else {
                    start(request, created.result(), timeoutMillis);
                }
            });
            return result;
        }

        private void start(Q request, GrpcClientRequest<Q, R> call, long timeoutMillis) {
            sent.set(call);
            sentToken.ifPresent(used -> call.headers().set("token", used));
            call.headers().set("grpc-timeout", timeoutMillis + "m");
            call.send(request).onComplete(responded -> {
                if (responded.failed()) {
                    fail(String.valueOf(responded.cause().getMessage()));
                } else {
                    receive(responded.result());
                }
            });
        }

        private void receive(GrpcClientResponse<Q, R> response) {
            response.last().onComplete(received -> {
                if (received.succeeded() && received.result() != null) {
                    answer(received.result());
                    return;
                }
                GrpcStatus status = response.status();
                if (status == null || status == GrpcStatus.OK) {
                    fail(received.failed() ? String.valueOf(received.cause().getMessage()) : "the response is empty");
                } else {
                    dropToken(status);
                    fail("status %s: %s".formatted(status.name(), response.statusMessage()));
                }
            });
        }

        private void answer(R response) {
            timeouts.set(0);
            vertx.cancelTimer(timer);
            ResponseHeader header = method.header().apply(response);
            result.complete(new Answered<>(response, Long.toHexString(header.getClusterId()), header.getRevision()));
        }

        private void fail(String reason) {
            vertx.cancelTimer(timer);
            // Only the first of several calls to this endpoint selects the next one.
            endpoint.compareAndSet(number, number + 1);
            result.complete(new NoAnswer<>(address + ": " + reason));
        }

        private void timeOut(long timeoutMillis) {
            if (result.isDone()) {
                return;
            }
            timeouts.incrementAndGet();
            fail("no answer within " + timeoutMillis + " ms");
            GrpcClientRequest<Q, R> call = sent.get();
            if (call != null) {
                // After a network failure, an old connection may not work although a new one would.
                call.connection().close();
            }
        }

        /** A token is valid for a limited time, and only while the users of etcd do not change. */
        private void dropToken(GrpcStatus status) {
            if (status == GrpcStatus.UNAUTHENTICATED
                    || status == GrpcStatus.PERMISSION_DENIED
                    || status == GrpcStatus.INVALID_ARGUMENT) {
                sentToken.ifPresent(used -> token.compareAndSet(used, null));
            }
        }
    }
}
