package dtc.participant.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.context.Context;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

class TraceHeadersTest {

    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String SPAN = "b7ad6b7169203331";
    private static final Span CALL = Span.wrap(SpanContext.create(
            TRACE,
            SPAN,
            TraceFlags.getSampled(),
            TraceState.builder().put("vendor", "1").build()));

    private final Map<String, String> headers = new TreeMap<>();

    @Test
    void the_current_span_is_sent() {
        Context.root().with(CALL).wrap(() -> TraceHeaders.addTo(headers::put)).run();
        assertEquals(Map.of("traceparent", "00-" + TRACE + "-" + SPAN + "-01", "tracestate", "vendor=1"), headers);
    }

    @Test
    void without_a_span_nothing_is_sent() {
        TraceHeaders.addTo(headers::put);
        assertEquals(Map.of(), headers);
    }

    @Test
    void the_api_of_opentelemetry_may_be_absent() throws Exception {
        URL library = TraceHeaders.class.getProtectionDomain().getCodeSource().getLocation();
        try (URLClassLoader alone = new URLClassLoader(new URL[] {library}, ClassLoader.getPlatformClassLoader())) {
            Class<?> withoutApi = alone.loadClass(TraceHeaders.class.getName());
            assertNotSame(TraceHeaders.class, withoutApi);
            Method addTo = withoutApi.getDeclaredMethod("addTo", BiConsumer.class);
            addTo.setAccessible(true);
            Context.root()
                    .with(CALL)
                    .wrap(() -> addTo.invoke(null, (BiConsumer<String, String>) headers::put))
                    .call();
        }
        assertEquals(Map.of(), headers);
    }
}
