package dtc.rest;

import dtc.tracing.ActiveSpan;
import dtc.tracing.Tracing;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import org.jspecify.annotations.Nullable;

/** Begins a span for each request to the API, if tracing is on. The console and {@code /q} have none. */
@Singleton
final class RequestSpans {

    /** Before all other handlers, so that requests that they refuse have a span too. */
    private static final int ORDER = -310;

    private final Tracing tracing;

    RequestSpans(Tracing tracing) {
        this.tracing = tracing;
    }

    void install(@Observes Router router) {
        if (tracing.isEnabled()) {
            router.route().order(ORDER).handler(this::begin);
        }
    }

    private void begin(RoutingContext context) {
        HttpServerRequest request = context.request();
        String path = RequestPath.of(request);
        if (RequestPath.isApi(path)) {
            ActiveSpan span = tracing.received(new ApiRequest(request, path));
            if (span.isStarted()) {
                context.addEndHandler(ended -> {
                    if (ended.succeeded()) {
                        span.answered(context.response().getStatusCode());
                    } else {
                        span.failed(ended.cause());
                    }
                });
            }
        }
        context.next();
    }

    private record ApiRequest(HttpServerRequest request, String fullPath) implements Tracing.ReceivedRequest {

        /** Without the key of an entry, which may contain personal data. */
        @Override
        public String path() {
            int entries = fullPath.indexOf("/entries/");
            return entries < 0 ? fullPath : fullPath.substring(0, entries) + "/entries/{key}";
        }

        @Override
        public String method() {
            return request.method().name();
        }

        @Override
        public @Nullable String route() {
            return Operations.template(fullPath);
        }

        @Override
        public @Nullable String header(String name) {
            return request.getHeader(name);
        }

        @Override
        public String scheme() {
            return request.isSSL() ? "https" : "http";
        }

        @Override
        public @Nullable String host() {
            HostAndPort authority = request.authority();
            return authority == null ? null : authority.host();
        }

        @Override
        public int port() {
            HostAndPort authority = request.authority();
            return authority == null ? 0 : authority.port();
        }

        @Override
        public @Nullable String clientAddress() {
            SocketAddress client = request.remoteAddress();
            return client == null ? null : client.hostAddress();
        }

        /** Requests of resource managers and of coordinators are frequent, and belong to traces of clients. */
        @Override
        public boolean mayBeginTrace() {
            return fullPath.startsWith("/transactions") && !fullPath.endsWith("/outcome");
        }
    }
}
