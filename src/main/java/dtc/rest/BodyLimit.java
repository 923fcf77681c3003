package dtc.rest;

import dtc.security.ApiAccess;
import io.quarkus.vertx.http.runtime.VertxHttpConfig;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.impl.RoutingContextInternal;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Locale;

/** Limits the size of request bodies. */
@Singleton
final class BodyLimit {

    /** The time for which the rest of a body that is too large is read and discarded. */
    private static final long DISCARD_MILLIS = 2_000;

    /**
     * Limits the size of request bodies. Runs before the server's own check, which responds without a body, and after
     * {@link ApiAccess}, so that bodies of refused requests are not buffered. A body of undeclared length is buffered
     * up to the limit.
     */
    void limitBodies(@Observes Router router, VertxHttpConfig http) {
        long bodyBytesMax =
                http.limits().maxBodySize().map(size -> size.asLongValue()).orElse(Long.MAX_VALUE);
        BodyHandler bodyHandler = BodyHandler.create(false).setBodyLimit(bodyBytesMax);
        router.route()
                .order(ApiAccess.ORDER + 2)
                .handler(context -> {
                    if (declaredLength(context) > bodyBytesMax) {
                        tooLarge(context, bodyBytesMax);
                    } else if (context.request().headers().contains(HttpHeaders.TRANSFER_ENCODING)) {
                        bodyHandler.handle(context); // the length is not declared
                    } else {
                        context.next();
                    }
                })
                .failureHandler(context -> {
                    if (context.statusCode() == Problems.CONTENT_TOO_LARGE) {
                        tooLarge(context, bodyBytesMax);
                    } else {
                        context.next();
                    }
                });
        router.route().order(ApiAccess.ORDER + 3).handler(context -> {
            if (context.request().isEnded() && context.body().buffer() == null) {
                // An empty chunked body. Otherwise the resources would wait for a body that has ended.
                ((RoutingContextInternal) context).setBody(Buffer.buffer());
            }
            context.next();
        });
    }

    private static long declaredLength(RoutingContext context) {
        String length = context.request().getHeader(HttpHeaders.CONTENT_LENGTH);
        try {
            return length == null ? 0 : Long.parseLong(length);
        } catch (NumberFormatException _) {
            return 0; // the server refuses the request
        }
    }

    private static void tooLarge(RoutingContext context, long bodyBytesMax) {
        if (context.response().headWritten()) {
            return;
        }
        if (context.request().version() != HttpVersion.HTTP_2) {
            context.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
        Problems.send(
                        context,
                        "BODY_TOO_LARGE",
                        Problems.CONTENT_TOO_LARGE,
                        String.format(Locale.ROOT, "a body may have %d bytes at most", bodyBytesMax))
                .onComplete(_ -> closeAfterBody(context.vertx(), context.request()));
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
