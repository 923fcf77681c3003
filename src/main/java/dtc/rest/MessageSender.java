package dtc.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.coordinator.ReplyTable;
import dtc.protocol.Message;
import dtc.protocol.Messages.StageRequest;
import dtc.protocol.Reply;
import dtc.rest.ResourceManagerClients.IdleConnectionClosedException;
import dtc.rest.ResourceManagerClients.Reuse;
import dtc.runtime.Registration;
import dtc.runtime.Time;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Sends messages to resource managers as HTTP requests, and reads the replies. Futures fail if there is no response.
 */
@Singleton
class MessageSender {

    private final ResourceManagerClients clients;
    private final ReplyReader reader;
    private final UnexpectedAnswers unexpected;
    private final Time time;
    private final ObjectMapper mapper;

    MessageSender(
            ResourceManagerClients clients,
            ReplyReader reader,
            UnexpectedAnswers unexpected,
            Time time,
            ObjectMapper mapper) {
        this.clients = clients;
        this.reader = reader;
        this.unexpected = unexpected;
        this.time = time;
        this.mapper = mapper.copy().setDefaultPropertyInclusion(JsonInclude.Include.NON_NULL);
    }

    /**
     * Sends a message. If a kept connection turns out to be closed, the message is sent once more on a new connection,
     * unless that could stage a write at an instance that does not have the earlier ones.
     */
    Future<Reply> send(Registration target, Message message, Duration limit) {
        long start = time.nanos();
        return post(target, message, limit, target.keepsAlive() ? Reuse.KEPT : Reuse.CLOSED)
                .recover(failure -> failure instanceof IdleConnectionClosedException && mayRepeat(target, message)
                        ? repeat(target, message, limit.minusNanos(time.nanos() - start))
                        : Future.failedFuture(failure));
    }

    private static boolean mayRepeat(Registration target, Message message) {
        return switch (message) {
            case Message.Write _ -> target.checksInstance();
            case Message.Prepare _, Message.Commit _, Message.CommitOnePhase _, Message.Rollback _ -> true;
        };
    }

    private Future<Reply> repeat(Registration target, Message message, Duration limit) {
        return post(target, message, limit, Reuse.CLOSED)
                .otherwise(ReplyReader::failed)
                .map(reply -> ReplyTable.afterResend(message, reply));
    }

    private Future<Reply> post(Registration target, Message message, Duration limit, Reuse reuse) {
        Map<String, String> headers = headers(target);
        Object body = null;
        switch (message) {
            case Message.Write write -> {
                headers.put(Headers.WRITE_SEQUENCE, Integer.toString(write.sequence()));
                body = new StageRequest(write.key(), write.value());
            }
            case Message.Prepare prepare -> {
                headers.put(Headers.WRITE_COUNT, Integer.toString(prepare.writeCount()));
                body = prepare.writes().isEmpty() ? null : Requests.prepare(prepare);
            }
            case Message.CommitOnePhase commit ->
                headers.put(Headers.WRITE_COUNT, Integer.toString(commit.writeCount()));
            case Message.Commit _, Message.Rollback _ -> {}
        }
        return clients.post(target, Requests.path(message), headers, json(body), limit, reuse)
                .onFailure(failure -> report(target, UnexpectedAnswers.name(message), failure))
                .map(answer -> reader.read(target, message, answer));
    }

    /**
     * Sends a batch.
     *
     * @return see {@link dtc.runtime.messaging.ParticipantTransport#sendBatch}
     */
    Future<List<Optional<Reply>>> sendBatch(Registration target, List<Message> messages, Duration limit) {
        return clients.post(
                        target,
                        Requests.BATCH_PATH,
                        headers(target),
                        json(Requests.batch(messages)),
                        limit,
                        target.keepsAlive() ? Reuse.KEPT : Reuse.CLOSED)
                .onFailure(failure -> report(target, "a batch", failure))
                .map(answer -> reader.batch(target, messages, answer));
    }

    /** Reports a response that could not be read. */
    private void report(Registration target, String message, Throwable failure) {
        if (Clients.classify(failure) == Clients.Failure.GARBLED) {
            unexpected.report(target, message, "unreadable", Clients.describe(failure), null);
        }
    }

    private static Map<String, String> headers(Registration target) {
        Map<String, String> headers = new HashMap<>(4);
        headers.put(Headers.RESOURCE_MANAGER, target.id());
        headers.put(Headers.INSTANCE, target.instance().toString());
        return headers;
    }

    private @Nullable Buffer json(@Nullable Object body) {
        try {
            return body == null ? null : Buffer.buffer(mapper.writeValueAsBytes(body));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a request cannot be written as JSON", e);
        }
    }
}
