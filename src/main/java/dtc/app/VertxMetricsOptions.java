package dtc.app;

import io.quarkus.arc.Unremovable;
import io.quarkus.micrometer.runtime.binder.vertx.VertxMeterBinderRecorder;
import io.quarkus.vertx.VertxOptionsCustomizer;
import io.vertx.core.VertxOptions;
import jakarta.inject.Singleton;

/**
 * Restores the metrics of Vert.x. Because those of HTTP servers are disabled, the OpenTelemetry extension replaces them
 * with an object for each request, even if tracing is off.
 */
@Singleton
@Unremovable
final class VertxMetricsOptions implements VertxOptionsCustomizer {

    @Override
    public void accept(VertxOptions options) {
        new VertxMeterBinderRecorder().setVertxMetricsOptions().accept(options);
    }
}
