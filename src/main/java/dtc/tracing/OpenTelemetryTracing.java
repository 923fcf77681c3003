package dtc.tracing;

import dtc.protocol.Message;
import dtc.protocol.TransactionId;
import dtc.runtime.coordinator.TransactionListener;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Creates spans with the API of OpenTelemetry. A span that belongs to one trace is a child in it. A request or a batch
 * that belongs to several traces is the root of its own trace, with a link to each of them. So is the retry of an
 * outcome, because it may happen hours later.
 */
public final class OpenTelemetryTracing implements Tracing {

    private static final W3CTraceContextPropagator PROPAGATOR = W3CTraceContextPropagator.getInstance();

    /** Messages of sampled transactions whose changes are not stored yet. */
    private static final int MESSAGES_MAX = 10_000;

    private static final int ERROR_OF_CLIENT = 400;
    private static final int ERROR_OF_SERVER = 500;

    private static final TextMapGetter<ReceivedRequest> GETTER = new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(ReceivedRequest request) {
            return PROPAGATOR.fields();
        }

        @Override
        public @Nullable String get(@Nullable ReceivedRequest request, String key) {
            return request == null ? null : request.header(key);
        }
    };

    private record HostedTransaction(String resourceManager, TransactionId transaction) {}

    private final Tracer tracer;
    private final CurrentRequest currentRequest;
    private final TracedTransactions transactions;
    private final RecentEntries<HostedTransaction, Context> hosted = new RecentEntries<>(MESSAGES_MAX);

    public OpenTelemetryTracing(OpenTelemetry openTelemetry) {
        this(openTelemetry, CurrentRequest.VERTX);
    }

    OpenTelemetryTracing(OpenTelemetry openTelemetry, CurrentRequest currentRequest) {
        this.tracer = openTelemetry.getTracer("dtc");
        this.currentRequest = currentRequest;
        this.transactions = new TracedTransactions(tracer, currentRequest);
    }

    @Override
    public boolean isEnabled() {
        return true;
    }

    @Override
    public TransactionListener listener() {
        return transactions;
    }

    // Requests that this process received

    @Override
    public ActiveSpan received(ReceivedRequest request) {
        Context parent = PROPAGATOR.extract(Context.root(), request, GETTER);
        if (!request.mayBeginTrace() && !TransactionTrace.spanContext(parent).isValid()) {
            return ActiveSpan.NONE;
        }
        Span span = tracer.spanBuilder(request.method())
                .setParent(parent)
                .setSpanKind(SpanKind.SERVER)
                .startSpan();
        if (span.isRecording()) {
            describe(span, request);
        }
        Context context = Context.root().with(span);
        currentRequest.set(context);
        return new StartedSpan(context, ERROR_OF_SERVER, List.of());
    }

    private static void describe(Span span, ReceivedRequest request) {
        String route = request.route();
        if (route != null) {
            span.updateName(request.method() + " " + route);
            span.setAttribute(SpanNames.ROUTE, route);
        }
        span.setAttribute(SpanNames.METHOD, request.method());
        span.setAttribute(SpanNames.URL_PATH, request.path());
        span.setAttribute(SpanNames.URL_SCHEME, request.scheme());
        setServer(span, request.host(), request.port());
        set(span, SpanNames.CLIENT_ADDRESS, request.clientAddress());
        set(span, SpanNames.USER_AGENT, request.header("User-Agent"));
    }

    @Override
    public void coordinates(TransactionId transaction) {
        Context request = currentRequest.get();
        if (request != null) {
            setTransaction(request, transaction);
            transactions.requested(transaction, request);
        }
    }

    @Override
    public void carriesOut(String resourceManager, TransactionId transaction) {
        Context request = currentRequest.get();
        if (request != null && TransactionTrace.spanContext(request).isSampled()) {
            setTransaction(request, transaction);
            hosted.put(new HostedTransaction(resourceManager, transaction), request);
        }
    }

    /** The attribute of a request with several transactions names the last one. */
    static void setTransaction(Context request, TransactionId transaction) {
        Span span = Span.fromContext(request);
        if (span.isRecording()) {
            span.setAttribute(SpanNames.TRANSACTION, transaction.toString());
        }
    }

    // Messages

    @Override
    public ActiveSpan sending(SentRequest request) {
        Map<Context, Message> parents = new LinkedHashMap<>();
        Context unsampled = null;
        for (Message message : request.messages()) {
            TransactionTrace trace = transactions.find(message.id());
            if (trace != null) {
                Context parent = trace.current();
                if (TransactionTrace.spanContext(parent).isSampled()) {
                    parents.putIfAbsent(parent, message);
                } else {
                    unsampled = parent;
                }
            }
        }
        if (parents.isEmpty()) {
            return unsampled == null ? ActiveSpan.NONE : carryingOn(unsampled);
        }
        String template = template(request.messages());
        Span span = begin("POST " + template, parents.keySet(), request.isRetry());
        describe(span, request, template);
        List<Span> parts = parents.size() == 1 ? List.of() : parts(request, parents, span.getSpanContext());
        return new StartedSpan(Context.root().with(span), ERROR_OF_CLIENT, parts);
    }

    /** Sends the decision not to sample on, without a span. */
    private static ActiveSpan carryingOn(Context parent) {
        Span notRecording = Span.wrap(TransactionTrace.spanContext(parent));
        return new StartedSpan(Context.root().with(notRecording), ERROR_OF_CLIENT, List.of());
    }

    /** A span in each trace, with a link to the request. */
    private List<Span> parts(SentRequest request, Map<Context, Message> parents, SpanContext sent) {
        List<Span> parts = new ArrayList<>(parents.size());
        parents.forEach((parent, message) -> parts.add(tracer.spanBuilder(SpanNames.MESSAGE)
                .setParent(parent)
                .addLink(sent)
                .setAttribute(SpanNames.TRANSACTION, message.id().toString())
                .setAttribute(SpanNames.RESOURCE_MANAGER, request.resourceManager())
                .setAttribute(SpanNames.MESSAGE_TYPE, type(message))
                .startSpan()));
        return parts;
    }

    private static void describe(Span span, SentRequest request, String template) {
        if (!span.isRecording()) {
            return;
        }
        List<Message> messages = request.messages();
        span.setAttribute(SpanNames.METHOD, "POST");
        span.setAttribute(SpanNames.URL_TEMPLATE, template);
        span.setAttribute(SpanNames.RESOURCE_MANAGER, request.resourceManager());
        if (messages.size() == 1) {
            String id = messages.getFirst().id().toString();
            span.setAttribute(SpanNames.TRANSACTION, id);
            span.setAttribute(SpanNames.MESSAGE_TYPE, type(messages.getFirst()));
            span.setAttribute(SpanNames.URL_FULL, request.url() + template.replace("{id}", id));
        } else {
            span.setAttribute(SpanNames.BATCH_SIZE, (long) messages.size());
            span.setAttribute(SpanNames.URL_FULL, request.url() + template);
        }
        if (request.isRetry()) {
            span.setAttribute(SpanNames.RETRY, true);
        }
        if (request.resends() > 0) {
            span.setAttribute(SpanNames.RESEND_COUNT, (long) request.resends());
        }
        URI url = URI.create(request.url());
        setServer(span, url.getHost(), url.getPort() >= 0 ? url.getPort() : defaultPort(url));
    }

    private static int defaultPort(URI url) {
        return url.toString().startsWith("https:") ? 443 : 80;
    }

    private static String template(List<Message> messages) {
        if (messages.size() > 1) {
            return "/batch";
        }
        return "/transactions/{id}/"
                + switch (messages.getFirst()) {
                    case Message.Write _ -> "writes";
                    case Message.Prepare _ -> "prepare";
                    case Message.Commit _, Message.CommitOnePhase _ -> "commit";
                    case Message.Rollback _ -> "rollback";
                };
    }

    private static String type(Message message) {
        return switch (message) {
            case Message.Write _ -> "write";
            case Message.Prepare _ -> "prepare";
            case Message.Commit _ -> "commit";
            case Message.CommitOnePhase _ -> "commit-one-phase";
            case Message.Rollback _ -> "rollback";
        };
    }

    // Stored batches

    @Override
    public ActiveSpan storing(StoredBatch batch) {
        Set<Context> parents = new LinkedHashSet<>();
        for (TransactionId transaction : batch.transactions()) {
            Context request = hosted.remove(new HostedTransaction(batch.resourceManager(), transaction));
            if (request != null) {
                parents.add(request);
            }
        }
        if (parents.isEmpty()) {
            return ActiveSpan.NONE;
        }
        Span span = begin(SpanNames.BATCH + " " + batch.database(), parents, false);
        if (span.isRecording()) {
            span.setAttribute(SpanNames.DB_SYSTEM, "postgresql");
            span.setAttribute(SpanNames.DB_NAMESPACE, batch.database());
            span.setAttribute(SpanNames.DB_OPERATION, SpanNames.BATCH);
            span.setAttribute(SpanNames.RESOURCE_MANAGER, batch.resourceManager());
            if (batch.transactions().size() > 1) {
                span.setAttribute(
                        SpanNames.DB_BATCH_SIZE, (long) batch.transactions().size());
            }
            setServer(span, batch.host(), batch.port());
        }
        return new StartedSpan(Context.root().with(span), ERROR_OF_SERVER, List.of());
    }

    /** Begins a child of the only parent, or a trace with a link to each. */
    private Span begin(String name, Set<Context> parents, boolean ownTrace) {
        SpanBuilder builder = tracer.spanBuilder(name).setSpanKind(SpanKind.CLIENT);
        if (parents.size() == 1 && !ownTrace) {
            builder.setParent(parents.iterator().next());
        } else {
            builder.setNoParent();
            parents.forEach(parent -> builder.addLink(TransactionTrace.spanContext(parent)));
        }
        return builder.startSpan();
    }

    private static void setServer(Span span, @Nullable String host, int port) {
        set(span, SpanNames.SERVER_ADDRESS, host);
        if (port > 0) {
            span.setAttribute(SpanNames.SERVER_PORT, (long) port);
        }
    }

    private static void set(Span span, AttributeKey<String> key, @Nullable String value) {
        if (value != null) {
            span.setAttribute(key, value);
        }
    }

    @Override
    public @Nullable SpanIds spanOf(TransactionId transaction) {
        TransactionTrace trace = transactions.find(transaction);
        if (trace == null) {
            return null;
        }
        SpanContext span = TransactionTrace.spanContext(trace.current());
        return span.isSampled() ? new SpanIds(span.getTraceId(), span.getSpanId()) : null;
    }
}
