package dtc.participant.coordinator;

import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import java.util.function.BiConsumer;

/**
 * The headers {@code traceparent} and {@code tracestate} of the span that is current in this thread. Only if the API of
 * OpenTelemetry is on the class path: the library does not need it.
 */
final class TraceHeaders {

    private static final boolean IS_AVAILABLE = isAvailable();

    private TraceHeaders() {}

    private static boolean isAvailable() {
        try {
            Class.forName("io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator");
            return true;
        } catch (ClassNotFoundException | LinkageError e) {
            return false;
        }
    }

    static void addTo(BiConsumer<String, String> request) {
        if (IS_AVAILABLE) {
            Current.addTo(request);
        }
    }

    /** Loaded only if its imports can be. */
    private static final class Current {

        /** The propagator of the application may be missing, or may be one that the coordinator does not understand. */
        private static void addTo(BiConsumer<String, String> request) {
            W3CTraceContextPropagator.getInstance().inject(Context.current(), request, (headers, name, value) -> {
                if (headers != null) {
                    headers.accept(name, value);
                }
            });
        }
    }
}
