package dtc.rest;

import dtc.coordinator.ReplyTable;
import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.runtime.Registration;
import dtc.tracing.ActiveSpan;
import dtc.tracing.Tracing;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import io.vertx.core.impl.ContextInternal;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;

/** Sends messages to resource managers as HTTP requests, and reads the replies. Calls fail if there is no response. */
@Singleton
class MessageSender {

    private final Vertx vertx;
    private final ResourceManagerClients clients;
    private final RequestBodies bodies;
    private final ReplyReader reader;
    private final UnexpectedAnswers unexpected;
    private final Tracing tracing;

    MessageSender(
            Vertx vertx,
            ResourceManagerClients clients,
            RequestBodies bodies,
            ReplyReader reader,
            UnexpectedAnswers unexpected,
            Tracing tracing) {
        this.vertx = vertx;
        this.clients = clients;
        this.bodies = bodies;
        this.reader = reader;
        this.unexpected = unexpected;
        this.tracing = tracing;
    }

    /**
     * Sends a message. If a persistent connection breaks, the message is sent once more over a new connection: the
     * resource manager may have closed the connection because it was idle. A write is not sent again if it could reach
     * an instance that does not have the earlier writes.
     *
     * @param limit the call fails if there is no complete response within this duration
     * @param isRetry whether this is a later attempt to deliver an outcome
     */
    Uni<Reply> send(Registration target, Message message, Duration limit, boolean isRetry) {
        Uni<Reply> call = post(target, message, target.supportsKeepAlive(), limit, begin(target, message, isRetry, 0));
        if (target.supportsKeepAlive() && mayResend(target, message)) {
            call = call.onFailure(failure -> Clients.classify(failure) == Clients.Failure.ERROR)
                    .recoverWithUni(first -> post(target, message, false, limit, begin(target, message, isRetry, 1))
                            .map(reply -> ReplyTable.interpretAfterResend(message, reply))
                            // The first attempt may have been processed, regardless of the second one.
                            .onFailure()
                            .transform(_ -> first));
        }
        return withTimeout(limit, call);
    }

    private static boolean mayResend(Registration target, Message message) {
        return switch (message) {
            case Message.Write _ -> target.checksInstance();
            case Message.Prepare _, Message.Commit _, Message.CommitOnePhase _, Message.Rollback _ -> true;
        };
    }

    private ActiveSpan begin(Registration target, Message message, boolean isRetry, int resends) {
        return tracing.isEnabled() ? begin(target, List.of(message), isRetry, resends) : ActiveSpan.NONE;
    }

    private ActiveSpan begin(Registration target, List<Message> messages, boolean isRetry, int resends) {
        return tracing.sending(new Tracing.SentRequest(target.id(), target.url(), messages, isRetry, resends));
    }

    /** Ends the span with the response. */
    private static Uni<Response> traced(Uni<Response> call, ActiveSpan span) {
        if (!span.isStarted()) {
            return call;
        }
        return call.onItemOrFailure()
                .invoke((response, failure) -> {
                    if (failure == null) {
                        span.answered(response.getStatus());
                    } else {
                        span.failed(failure);
                    }
                })
                .onCancellation()
                .invoke(() -> span.failed(new TimeoutException()));
    }

    private Uni<Reply> post(Registration target, Message message, boolean keepAlive, Duration limit, ActiveSpan span) {
        return traced(sendRequest(clients.client(target, keepAlive, limit), target, message, span), span)
                .onFailure()
                .invoke(failure -> report(target, UnexpectedAnswers.messageName(message), failure))
                .map(response -> reader.read(target, message, HttpAnswer.of(response)));
    }

    private Uni<Response> sendRequest(ResourceManagerApi api, Registration target, Message message, ActiveSpan span) {
        String url = target.url();
        String id = message.id().toString();
        String name = target.id();
        String instance = target.instance().toString();
        String trace = span.traceparent();
        String state = span.tracestate();
        return switch (message) {
            case Message.Write write ->
                api.write(url, id, name, instance, trace, state, write.sequence(), bodies.serializeWrite(write));
            case Message.Prepare prepare ->
                api.prepare(
                        url, id, name, instance, trace, state, prepare.writeCount(), bodies.serializePrepare(prepare));
            case Message.Commit _ -> api.commit(url, id, name, instance, trace, state);
            case Message.CommitOnePhase commit ->
                api.commitOnePhase(url, id, name, instance, trace, state, commit.writeCount());
            case Message.Rollback _ -> api.rollback(url, id, name, instance, trace, state);
        };
    }

    /**
     * Sends a batch.
     *
     * @param limit the call fails if there is no complete response within this duration
     * @return see {@link dtc.runtime.messaging.ParticipantTransport#sendBatch}
     */
    Uni<List<Optional<Reply>>> sendBatch(Registration target, List<Message> messages, Duration limit) {
        ActiveSpan span = tracing.isEnabled() ? begin(target, messages, false, 0) : ActiveSpan.NONE;
        Uni<Response> call = clients.client(target, target.supportsKeepAlive(), limit)
                .batch(
                        target.url(),
                        target.id(),
                        target.instance().toString(),
                        span.traceparent(),
                        span.tracestate(),
                        bodies.serializeBatch(messages));
        return withTimeout(limit, traced(call, span))
                .onFailure()
                .invoke(failure -> report(target, "a batch", failure))
                .map(response -> reader.readBatch(target, messages, HttpAnswer.of(response)));
    }

    /** The client limits each response, but not how long a request waits for a connection. */
    private <T> Uni<T> withTimeout(Duration limit, Uni<T> call) {
        ContextInternal context = (ContextInternal) vertx.getOrCreateContext();
        return call.ifNoItem()
                .after(limit)
                .on(context.nettyEventLoop())
                .failWith(() -> new TimeoutException("no complete response in time"));
    }

    /** Reports a response that could not be read. */
    private void report(Registration target, String message, Throwable failure) {
        if (Clients.classify(failure) == Clients.Failure.MALFORMED) {
            unexpected.report(target, message, "unreadable", Clients.describe(failure), null);
        }
    }
}
