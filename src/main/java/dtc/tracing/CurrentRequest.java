package dtc.tracing;

import io.opentelemetry.context.Context;
import io.smallrye.common.vertx.VertxContext;
import io.vertx.core.Vertx;
import org.jspecify.annotations.Nullable;

/**
 * The span of the request that is in progress. Kept in the Vert.x context of the request, and not in the storage of
 * OpenTelemetry: what continues a transaction may run in the context of another transaction's request, and a log line
 * or a message would then name the wrong trace.
 */
interface CurrentRequest {

    @Nullable
    Context get();

    void set(Context context);

    /** The duplicated context in which Vert.x serves a request. */
    CurrentRequest VERTX = new CurrentRequest() {

        private static final String KEY = "dtc.tracing.request";

        @Override
        public @Nullable Context get() {
            io.vertx.core.Context vertx = Vertx.currentContext();
            return vertx != null && VertxContext.isDuplicatedContext(vertx) ? vertx.getLocal(KEY) : null;
        }

        @Override
        public void set(Context context) {
            io.vertx.core.Context vertx = Vertx.currentContext();
            if (vertx != null && VertxContext.isDuplicatedContext(vertx)) {
                vertx.putLocal(KEY, context);
            }
        }
    };
}
