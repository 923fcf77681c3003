package dtc.rest;

import dtc.security.ApiAccess;
import io.quarkus.vertx.http.runtime.VertxHttpConfig;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.impl.RoutingContextInternal;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Locale;

/** Limits the size of request bodies, the memory for all of them, and the time to receive a large one. */
@Singleton
final class BodyLimit {

    /** The time limit for receiving a large body, or a body of undeclared length. */
    private static final long RECEIVE_MILLIS_MAX = 30_000;
    /** How long the rest of the body of a refused request is read and discarded. */
    private static final long DISCARD_MILLIS = 2_000;

    /** The memory for a body of undeclared length is reserved in steps of this size. */
    private static final long RESERVED_STEP_BYTES = 64 << 10;

    private static final int REQUEST_TIMEOUT = 408;

    private final RequestMemory memory;
    private final long bytesMax;

    BodyLimit(RequestMemory memory, VertxHttpConfig http) {
        this.memory = memory;
        this.bytesMax =
                http.limits().maxBodySize().map(size -> size.asLongValue()).orElse(Long.MAX_VALUE);
    }

    /**
     * Runs before the server's own check, which responds without a body, and after {@link ApiAccess}, so that bodies of
     * refused requests are not buffered. A body of undeclared length is buffered up to the limit.
     */
    void limitBodies(@Observes Router router) {
        router.route().order(ApiAccess.ORDER + 2).handler(context -> {
            long declared = parseDeclaredLength(context);
            if (declared > bytesMax) {
                refuseTooLarge(context);
            } else if (context.request().headers().contains(HttpHeaders.TRANSFER_ENCODING)) {
                new ChunkedBody(context).receive();
            } else if (declared <= RequestMemory.SMALL_BYTES) {
                context.next();
            } else if (reserve(context, declared)) {
                limitTime(context);
                context.next();
            }
        });
    }

    /** Reserves memory until the response is sent. Refuses the request, and returns false, if there is not enough. */
    private boolean reserve(RoutingContext context, long bytes) {
        if (!memory.tryReserve(bytes)) {
            refuse(context, Problems.forStatus(503, "large requests of all clients use too much memory at the moment"));
            return false;
        }
        context.addEndHandler(_ -> memory.release(bytes));
        return true;
    }

    private static void limitTime(RoutingContext context) {
        HttpServerRequest request = context.request();
        long timer = context.vertx().setTimer(RECEIVE_MILLIS_MAX, _ -> {
            if (!request.isEnded()) {
                refuse(context, Problems.forStatus(REQUEST_TIMEOUT));
            }
        });
        context.addEndHandler(_ -> context.vertx().cancelTimer(timer));
    }

    /** Receives a body, and reserves memory as it grows. */
    private final class ChunkedBody {

        private final RoutingContext context;
        private final Buffer body = Buffer.buffer();
        /** The size of the body, in bytes, beyond which more memory must be reserved. */
        private long reservedBytes = RequestMemory.SMALL_BYTES;

        ChunkedBody(RoutingContext context) {
            this.context = context;
        }

        void receive() {
            HttpServerRequest request = context.request();
            if (request.isEnded()) {
                finish();
                return;
            }
            limitTime(context);
            request.handler(this::add);
            request.endHandler(_ -> finish());
            request.resume();
        }

        private void add(Buffer part) {
            if (isRefused()) {
                return;
            }
            int length = body.length() + part.length();
            if (length > bytesMax) {
                refuseTooLarge(context);
                return;
            }
            while (length > reservedBytes) {
                if (!reserve(context, RESERVED_STEP_BYTES)) {
                    return;
                }
                reservedBytes += RESERVED_STEP_BYTES;
            }
            body.appendBuffer(part);
        }

        /** Whether the request was refused, for its size or by the timer. */
        private boolean isRefused() {
            return context.response().headWritten();
        }

        /**
         * Provides the body, even if it is empty. Otherwise the resources would wait for a body that has already ended.
         */
        private void finish() {
            if (!isRefused()) {
                ((RoutingContextInternal) context).setBody(body);
                context.next();
            }
        }
    }

    private static long parseDeclaredLength(RoutingContext context) {
        String length = context.request().getHeader(HttpHeaders.CONTENT_LENGTH);
        try {
            return length == null ? 0 : Long.parseLong(length);
        } catch (NumberFormatException _) {
            return 0; // the server refuses the request
        }
    }

    private void refuseTooLarge(RoutingContext context) {
        refuse(
                context,
                Problems.create(
                        "BODY_TOO_LARGE",
                        Problems.CONTENT_TOO_LARGE,
                        String.format(Locale.ROOT, "a body must not have more than %d bytes", bytesMax)));
    }

    /** Refuses a request before its body was received. The connection cannot be reused. */
    private static void refuse(RoutingContext context, ProblemException problem) {
        if (context.response().headWritten()) {
            return;
        }
        context.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        Problems.send(context, problem).onComplete(_ -> closeAfterBody(context.vertx(), context.request()));
    }

    /**
     * Reads and discards the rest of the body for a limited time, then closes the connection. Closing it immediately
     * would reset it, and the client might not receive the response.
     */
    private static void closeAfterBody(Vertx vertx, HttpServerRequest request) {
        if (request.isEnded()) {
            request.connection().close();
            return;
        }
        long timer = vertx.setTimer(DISCARD_MILLIS, _ -> request.connection().close());
        request.exceptionHandler(_ -> vertx.cancelTimer(timer));
        request.endHandler(_ -> {
            vertx.cancelTimer(timer);
            request.connection().close();
        });
        request.handler(_ -> {});
        request.resume();
    }
}
