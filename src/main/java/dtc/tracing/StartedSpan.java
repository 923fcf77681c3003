package dtc.tracing;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A span, and the parts of it in other traces, which end with it. */
final class StartedSpan implements ActiveSpan {

    private final Context context;
    private final Span span;
    private final int errorStatusMin;
    private final List<Span> parts;
    private @Nullable Map<String, String> headers;

    /**
     * @param context not recording if the request only carries it on
     * @param errorStatusMin the lowest status of a response that is an error of this span
     */
    StartedSpan(Context context, int errorStatusMin, List<Span> parts) {
        this.context = context;
        this.span = Span.fromContext(context);
        this.errorStatusMin = errorStatusMin;
        this.parts = parts;
    }

    @Override
    public boolean isStarted() {
        return true;
    }

    @Override
    public @Nullable String traceparent() {
        return headers().get("traceparent");
    }

    @Override
    public @Nullable String tracestate() {
        return headers().get("tracestate");
    }

    private Map<String, String> headers() {
        Map<String, String> known = headers;
        if (known == null) {
            known = new HashMap<>();
            W3CTraceContextPropagator.getInstance().inject(context, known, (carrier, key, value) -> {
                if (carrier != null) {
                    carrier.put(key, value);
                }
            });
            headers = known;
        }
        return known;
    }

    @Override
    public void answered(int status) {
        if (span.isRecording()) {
            span.setAttribute(SpanNames.STATUS, (long) status);
            if (status >= errorStatusMin) {
                span.setAttribute(SpanNames.ERROR_TYPE, Integer.toString(status));
                span.setStatus(StatusCode.ERROR);
            }
        }
        end();
    }

    @Override
    public void succeeded() {
        end();
    }

    @Override
    public void failed(Throwable failure) {
        if (span.isRecording()) {
            span.setAttribute(SpanNames.ERROR_TYPE, failure.getClass().getName());
            span.setStatus(StatusCode.ERROR);
        }
        parts.forEach(part -> part.setStatus(StatusCode.ERROR));
        end();
    }

    private void end() {
        span.end();
        parts.forEach(Span::end);
    }
}
