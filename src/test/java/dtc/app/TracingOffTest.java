package dtc.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.tracing.Tracing;
import io.prometheus.client.exemplars.ExemplarSampler;
import io.quarkus.micrometer.runtime.binder.vertx.VertxMeterBinderAdapter;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.context.SmallRyeContextManagerProvider;
import io.smallrye.context.impl.ThreadContextProviderPlan;
import io.vertx.core.Vertx;
import io.vertx.core.impl.VertxInternal;
import jakarta.inject.Inject;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.eclipse.microprofile.context.spi.ThreadContextProvider;
import org.junit.jupiter.api.Test;

/** Tracing that is off has no cost: nothing of it is called for requests and messages. */
@QuarkusTest
class TracingOffTest {

    @Inject
    Tracing tracing;

    @Inject
    Vertx vertx;

    @Inject
    Optional<ExemplarSampler> exemplars;

    @Test
    void it_is_off_by_default() {
        assertSame(Tracing.OFF, tracing);
        assertEquals(Optional.empty(), exemplars);
    }

    @Test
    void vertx_has_no_tracer_and_the_metrics_that_it_has_without_the_extension() {
        VertxInternal internal = (VertxInternal) vertx;
        assertNull(internal.tracer());
        assertInstanceOf(VertxMeterBinderAdapter.class, internal.metricsSPI());
    }

    @Test
    void no_context_is_captured_for_continuations() {
        ThreadContextProviderPlan plan = SmallRyeContextManagerProvider.getManager()
                .newThreadContextBuilder()
                .build()
                .getPlan();
        assertTrue(
                types(plan.unchangedProviders).contains("OpenTelemetry"),
                () -> types(plan.unchangedProviders).toString());
        assertFalse(types(plan.propagatedProviders).contains("OpenTelemetry"));
        assertFalse(types(plan.clearedProviders).contains("OpenTelemetry"));
    }

    private static Set<String> types(Set<ThreadContextProvider> providers) {
        return providers.stream()
                .map(ThreadContextProvider::getThreadContextType)
                .collect(Collectors.toSet());
    }
}
