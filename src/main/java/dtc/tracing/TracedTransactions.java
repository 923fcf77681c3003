package dtc.tracing;

import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import dtc.protocol.TransactionId;
import dtc.runtime.coordinator.AppliedEvent;
import dtc.runtime.coordinator.TransactionListener;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The traces of the transactions of this coordinator. One that is not sampled is kept too, so that its messages carry
 * the decision of the caller. A transaction that was read from the log has no trace.
 */
final class TracedTransactions implements TransactionListener {

    /** Sampled transactions that have ended and may still have retries. */
    private static final int ENDED_MAX = 10_000;

    private final Tracer tracer;
    private final CurrentRequest currentRequest;
    private final Map<TransactionId, TransactionTrace> inFlight = new ConcurrentHashMap<>();
    private final RecentEntries<TransactionId, TransactionTrace> ended = new RecentEntries<>(ENDED_MAX);

    TracedTransactions(Tracer tracer, CurrentRequest currentRequest) {
        this.tracer = tracer;
        this.currentRequest = currentRequest;
    }

    @Nullable
    TransactionTrace find(TransactionId id) {
        TransactionTrace trace = inFlight.get(id);
        return trace == null ? ended.get(id) : trace;
    }

    /** The current request acts on a transaction. */
    void requested(TransactionId id, Context request) {
        TransactionTrace trace = inFlight.get(id);
        if (trace != null) {
            trace.requested(request);
        }
    }

    @Override
    public void applied(AppliedEvent applied) {
        Transaction before = applied.before();
        Transaction after = applied.after();
        if (before == null) {
            Context request = currentRequest.get();
            if (request != null && after.state() == TransactionState.ACTIVE) {
                OpenTelemetryTracing.setTransaction(request, after.id());
                inFlight.put(after.id(), new TransactionTrace(tracer, request));
            }
            return;
        }
        if (!applied.stateChanged()) {
            return;
        }
        TransactionTrace trace = inFlight.get(after.id());
        if (trace == null) {
            return;
        }
        trace.changed(before.state(), after);
        if (after.state().isFinal()) {
            if (trace.isSampled()) {
                ended.put(after.id(), trace);
            }
            inFlight.remove(after.id());
        }
    }
}
