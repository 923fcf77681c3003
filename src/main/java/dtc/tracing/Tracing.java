package dtc.tracing;

import dtc.protocol.Message;
import dtc.protocol.TransactionId;
import dtc.runtime.coordinator.TransactionListener;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Spans of requests, of the phases of transactions, and of stored batches. {@link #OFF} does nothing and allocates
 * nothing. A caller that creates objects only for a span checks {@link #isEnabled} first.
 */
public interface Tracing {

    /** Creates no spans. */
    Tracing OFF = new TracingOff();

    /** A request that this process received. */
    interface ReceivedRequest {

        String method();

        String path();

        /** The template of the path; null if there is none. */
        @Nullable
        String route();

        @Nullable
        String header(String name);

        String scheme();

        @Nullable
        String host();

        int port();

        @Nullable
        String clientAddress();

        /** Whether the request may begin a trace. Otherwise it only continues that of its caller. */
        boolean mayBeginTrace();
    }

    /**
     * A request to a resource manager.
     *
     * @param url the URL that it registered
     * @param messages the message; several for a batch
     * @param isRetry whether this is a later attempt to deliver an outcome
     * @param resends how often the request was sent before over a connection that broke
     */
    record SentRequest(String resourceManager, String url, List<Message> messages, boolean isRetry, int resends) {}

    /**
     * Changes of a resource manager that are stored together.
     *
     * @param transactions one for each change
     */
    record StoredBatch(
            String resourceManager, String host, int port, String database, List<TransactionId> transactions) {}

    /** The trace and the span that an exemplar or a log line names. */
    record SpanIds(String traceId, String spanId) {}

    boolean isEnabled();

    /** Observes the phases of transactions; null if tracing is off. */
    @Nullable
    TransactionListener listener();

    /** Begins the span of a request. It is the current request of the Vert.x context until it ends. */
    ActiveSpan received(ReceivedRequest request);

    /** The current request acts on a transaction at its coordinator. Messages that follow belong to this request. */
    void coordinates(TransactionId transaction);

    /** The current request has a message of a transaction to a hosted resource manager. */
    void carriesOut(String resourceManager, TransactionId transaction);

    ActiveSpan sending(SentRequest request);

    ActiveSpan storing(StoredBatch batch);

    /** Returns the span of a transaction; null if it is not sampled, or has ended long ago. */
    @Nullable
    SpanIds spanOf(TransactionId transaction);
}
