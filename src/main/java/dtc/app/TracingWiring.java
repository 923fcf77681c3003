package dtc.app;

import dtc.tracing.OpenTelemetryTracing;
import dtc.tracing.Tracing;
import io.opentelemetry.api.OpenTelemetry;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Creates the tracing, which is off by default. */
@Singleton
final class TracingWiring {

    @Produces
    @Singleton
    Tracing tracing(
            @ConfigProperty(name = "quarkus.otel.sdk.disabled") boolean disabled,
            Instance<OpenTelemetry> openTelemetry) {
        return disabled ? Tracing.OFF : new OpenTelemetryTracing(openTelemetry.get());
    }
}
