package dtc.tracing;

import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.Ballot;
import dtc.protocol.Outcome;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The spans of one transaction at its coordinator: {@code dtc.prepare} and {@code dtc.decision}, both children of the
 * request that prepared or rolled back. Phase two has no span of its own, because it may last for hours: its messages
 * are children of {@code dtc.decision}, which has ended by then. Thread-safe.
 */
final class TransactionTrace {

    private final Tracer tracer;
    /** The parent of the next phase. Guarded by this, as are the fields below. */
    private Context request;

    private boolean phaseOneBegun;
    private boolean decided;
    private @Nullable Span phase;

    /** The parent of messages. */
    private volatile Context current;

    TransactionTrace(Tracer tracer, Context request) {
        this.tracer = tracer;
        this.request = request;
        this.current = request;
    }

    Context current() {
        return current;
    }

    boolean isSampled() {
        return spanContext(current).isSampled();
    }

    static SpanContext spanContext(Context context) {
        return Span.fromContext(context).getSpanContext();
    }

    /** Another request of the client. After phase one has begun, it changes nothing. */
    synchronized void requested(Context by) {
        if (phaseOneBegun) {
            return;
        }
        SpanContext before = spanContext(request);
        Span span = Span.fromContext(by);
        if (before.isSampled()
                && !before.getTraceId().equals(span.getSpanContext().getTraceId())) {
            span.addLink(before); // the client began the transaction in another trace
        }
        request = by;
        current = by;
    }

    /** The state of the transaction changed. */
    synchronized void changed(TransactionState from, Transaction after) {
        TransactionState to = after.state();
        phaseOneBegun |= to != TransactionState.MARKED_ROLLBACK;
        if (!spanContext(request).isSampled()) {
            return;
        }
        if (phase != null) {
            end(phase, isBeingRecorded(from) ? after : null);
        }
        if (to == TransactionState.PREPARING) {
            begin(SpanNames.PREPARE, after);
        } else if (isBeingRecorded(to)) {
            decided = true;
            begin(SpanNames.DECISION, after);
        } else if (to == TransactionState.ROLLING_BACK && !decided) {
            decided = true;
            end(begin(SpanNames.DECISION, after), after); // nothing is recorded
        }
    }

    private static boolean isBeingRecorded(TransactionState state) {
        return state == TransactionState.DECIDING || state == TransactionState.DELEGATING;
    }

    private Span begin(String name, Transaction t) {
        Span span = tracer.spanBuilder(name).setParent(request).startSpan();
        if (span.isRecording()) {
            span.setAttribute(SpanNames.TRANSACTION, t.id().toString());
            span.setAttribute(SpanNames.PARTICIPANTS, (long) t.participants().size());
        }
        phase = span;
        current = Context.root().with(span);
        return span;
    }

    /** @param t the transaction if the span is that of its decision; otherwise null */
    private void end(Span span, @Nullable Transaction t) {
        if (t != null && span.isRecording()) {
            if (t.decision() != Outcome.PENDING) {
                span.setAttribute(SpanNames.OUTCOME, lowerCase(t.decision()));
            }
            if (t.cause() != null) {
                span.setAttribute(SpanNames.CAUSE, lowerCase(t.cause()));
            }
            if (t.decision() == Outcome.ROLLBACK && t.reason() != null) {
                span.setStatus(StatusCode.ERROR, Ballot.withoutKey(t.reason()));
            }
        }
        span.end();
        phase = null;
    }

    private static String lowerCase(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
