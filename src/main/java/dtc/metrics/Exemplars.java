package dtc.metrics;

import dtc.protocol.TransactionId;
import dtc.tracing.Tracing;
import dtc.tracing.Tracing.SpanIds;
import io.micrometer.core.instrument.Timer;
import io.prometheus.client.exemplars.DefaultExemplarSampler;
import io.prometheus.client.exemplars.ExemplarSampler;
import io.prometheus.client.exemplars.tracer.common.SpanContextSupplier;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Adds the spans of sampled transactions to the histograms. Replaces the beans of Quarkus, which take the span of the
 * request in progress: a transaction may continue in the context of another one's request.
 */
@Singleton
final class Exemplars implements SpanContextSupplier {

    private final Tracing tracing;
    /** The span of the value that this thread records. */
    private final ThreadLocal<@Nullable SpanIds> recorded = new ThreadLocal<>();

    Exemplars(Tracing tracing) {
        this.tracing = tracing;
    }

    /** For the registry of Prometheus. */
    @Produces
    @Singleton
    Optional<ExemplarSampler> sampler() {
        return tracing.isEnabled() ? Optional.of(new DefaultExemplarSampler(this)) : Optional.empty();
    }

    void record(Timer timer, Duration duration, TransactionId transaction) {
        SpanIds span = tracing.spanOf(transaction);
        if (span == null) {
            timer.record(duration);
            return;
        }
        recorded.set(span);
        try {
            timer.record(duration);
        } finally {
            recorded.remove();
        }
    }

    @Override
    public @Nullable String getTraceId() {
        SpanIds span = recorded.get();
        return span == null ? null : span.traceId();
    }

    @Override
    public @Nullable String getSpanId() {
        SpanIds span = recorded.get();
        return span == null ? null : span.spanId();
    }

    @Override
    public boolean isSampled() {
        return recorded.get() != null;
    }
}
