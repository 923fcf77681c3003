package dtc.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.protocol.Condition;
import dtc.protocol.JsonText;
import dtc.protocol.Message;
import dtc.protocol.Messages.BatchMessage;
import dtc.protocol.Messages.BatchRequest;
import dtc.protocol.Messages.MessageType;
import dtc.protocol.Messages.ParticipantRequest;
import dtc.protocol.Messages.PrepareRequest;
import dtc.protocol.Messages.PrepareWrite;
import dtc.protocol.Messages.StageRequest;
import dtc.protocol.Messages.WriteCondition;
import dtc.protocol.Update;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.inject.Singleton;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Serializes the bodies of the coordinator's requests to resource managers. */
@Singleton
// Serialized with an ObjectMapper, so Quarkus does not register these classes for the native image.
@RegisterForReflection(
        targets = {
            BatchMessage.class,
            BatchRequest.class,
            MessageType.class,
            PrepareRequest.class,
            PrepareWrite.class,
            StageRequest.class,
            WriteCondition.class
        })
final class RequestBodies {

    private final ObjectMapper mapper;

    RequestBodies(ObjectMapper mapper) {
        this.mapper = mapper;
    }

    byte[] serializeWrite(Message.Write write) {
        return serialize(new StageRequest(write.key(), value(write), delete(write), toWriteCondition(write)));
    }

    /** Returns null if there are no writes: then the request has no body. */
    byte @Nullable [] serializePrepare(Message.Prepare message) {
        return message.writes().isEmpty() ? null : serialize(new PrepareRequest(toPrepareWrites(message)));
    }

    byte[] serializeBatch(List<Message> messages) {
        return serialize(new BatchRequest(
                messages.stream().map(RequestBodies::toBatchMessage).toList()));
    }

    private byte[] serialize(ParticipantRequest body) {
        try {
            return mapper.writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static @Nullable BatchMessage toBatchMessage(Message message) {
        String id = message.id().toString();
        return switch (message) {
            case Message.Write write ->
                new BatchMessage(
                        MessageType.WRITE,
                        id,
                        write.sequence(),
                        write.key(),
                        value(write),
                        delete(write),
                        toWriteCondition(write),
                        null,
                        null);
            case Message.Prepare prepare ->
                createMessage(
                        MessageType.PREPARE,
                        id,
                        prepare.writes().isEmpty() ? null : toPrepareWrites(prepare),
                        prepare.writeCount());
            case Message.Commit _ -> createMessage(MessageType.COMMIT, id, null, null);
            case Message.CommitOnePhase commit -> createMessage(MessageType.COMMIT, id, null, commit.writeCount());
            case Message.Rollback _ -> createMessage(MessageType.ROLLBACK, id, null, null);
        };
    }

    private static BatchMessage createMessage(
            MessageType type, String id, @Nullable List<PrepareWrite> writes, @Nullable Integer writeCount) {
        return new BatchMessage(type, id, null, null, null, null, null, writes, writeCount);
    }

    private static List<PrepareWrite> toPrepareWrites(Message.Prepare message) {
        return message.writes().stream()
                .map(write -> new PrepareWrite(
                        write.sequence(), write.key(), value(write), delete(write), toWriteCondition(write)))
                .toList();
    }

    private static @Nullable JsonText value(Message.Write write) {
        return write.update() instanceof Update.Put(JsonText value) ? value : null;
    }

    private static @Nullable Boolean delete(Message.Write write) {
        return write.update() instanceof Update.Delete ? true : null;
    }

    private static @Nullable WriteCondition toWriteCondition(Message.Write write) {
        return switch (write.condition()) {
            case Condition.HasValue(JsonText value) -> new WriteCondition(value, null);
            case Condition.Absent() -> new WriteCondition(null, true);
            case null -> null;
        };
    }
}
