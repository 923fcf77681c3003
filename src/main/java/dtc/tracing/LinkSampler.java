package dtc.tracing;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.opentelemetry.sdk.trace.samplers.SamplingResult;
import java.util.List;

/** Samples the root of a trace that has a link to a sampled span. Leaves all other decisions to another sampler. */
final class LinkSampler implements Sampler {

    private final Sampler sampler;

    LinkSampler(Sampler sampler) {
        this.sampler = sampler;
    }

    @Override
    public SamplingResult shouldSample(
            Context parent, String traceId, String name, SpanKind kind, Attributes attributes, List<LinkData> links) {
        if (!Span.fromContext(parent).getSpanContext().isValid()) {
            for (LinkData link : links) {
                if (link.getSpanContext().isSampled()) {
                    return SamplingResult.recordAndSample();
                }
            }
        }
        return sampler.shouldSample(parent, traceId, name, kind, attributes, links);
    }

    @Override
    public String getDescription() {
        return "LinkSampler{" + sampler.getDescription() + "}";
    }

    @Override
    public String toString() {
        return getDescription();
    }
}
