package dtc.log.etcd;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A stream of responses to one request. It is checked periodically: if etcd does not answer, or has no leader, the
 * stream ends.
 */
final class EtcdStream<Q, R> {

    private static final Buffer PING = Buffer.buffer(new byte[8]);

    private final Vertx vertx;
    private final Listener<R> listener;
    private final long timer;
    private Runnable onFailure = () -> {};
    private volatile @Nullable GrpcClientRequest<Q, R> call;
    private boolean ended;
    /** Whether etcd has answered since the last check. The first interval is for opening the stream. */
    private boolean answered = true;

    /** Receives responses. Not called after the stream has ended. */
    interface Listener<R> {
        void received(R response);

        void ended(String reason);
    }

    EtcdStream(Vertx vertx, Duration checkInterval, Listener<R> listener) {
        this.vertx = vertx;
        this.listener = listener;
        this.timer = vertx.setPeriodic(checkInterval.toMillis(), _ -> check());
    }

    /** @param action selects another endpoint */
    void onFailure(Runnable action) {
        onFailure = action;
    }

    void start(GrpcClientRequest<Q, R> created, Q request) {
        synchronized (this) {
            if (ended) {
                created.cancel();
                return;
            }
            call = created;
        }
        created.headers().set("hasleader", "true"); // etcd ends the stream if it has no leader
        created.exceptionHandler(failure -> fail(String.valueOf(failure.getMessage())));
        created.write(request);
        created.response().onComplete(responded -> {
            if (responded.failed()) {
                fail(String.valueOf(responded.cause().getMessage()));
            } else {
                receive(responded.result());
            }
        });
    }

    private void receive(GrpcClientResponse<Q, R> response) {
        response.exceptionHandler(failure -> fail(String.valueOf(failure.getMessage())));
        response.errorHandler(error -> fail("error " + error.name()));
        response.endHandler(_ -> fail("status " + response.status() + ": " + response.statusMessage()));
        response.handler(this::received);
    }

    private void received(R response) {
        synchronized (this) {
            if (ended) {
                return;
            }
            answered = true;
        }
        listener.received(response);
    }

    private void check() {
        GrpcClientRequest<Q, R> open;
        synchronized (this) {
            open = answered ? call : null;
            answered = false;
        }
        if (open == null) {
            fail("no answer in time");
        } else {
            open.connection().ping(PING).onSuccess(_ -> pinged());
        }
    }

    private synchronized void pinged() {
        answered = true;
    }

    /** Ends the stream, and closes the connection, because it may be broken. */
    void fail(String reason) {
        if (!end()) {
            return;
        }
        onFailure.run();
        GrpcClientRequest<Q, R> open = call;
        if (open != null) {
            open.connection().close();
        }
        listener.ended(reason);
    }

    void close() {
        GrpcClientRequest<Q, R> open = call;
        if (end() && open != null) {
            open.cancel();
        }
    }

    private synchronized boolean end() {
        if (ended) {
            return false;
        }
        ended = true;
        vertx.cancelTimer(timer);
        return true;
    }
}
