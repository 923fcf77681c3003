package dtc.rest;

import dtc.protocol.Message;
import dtc.protocol.Messages.BatchMessage;
import dtc.protocol.Messages.BatchRequest;
import dtc.protocol.Messages.MessageType;
import dtc.protocol.Messages.PrepareRequest;
import dtc.protocol.Messages.PrepareWrite;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The bodies of the coordinator's requests to resource managers. */
final class Requests {

    private Requests() {}

    static PrepareRequest prepare(Message.Prepare message) {
        return new PrepareRequest(carried(message));
    }

    static BatchRequest batch(List<Message> messages) {
        return new BatchRequest(messages.stream().map(Requests::part).toList());
    }

    private static @Nullable BatchMessage part(Message message) {
        String id = message.id().toString();
        return switch (message) {
            case Message.Write write ->
                new BatchMessage(MessageType.WRITE, id, write.sequence(), write.key(), write.value(), null, null);
            case Message.Prepare prepare ->
                new BatchMessage(
                        MessageType.PREPARE,
                        id,
                        null,
                        null,
                        null,
                        prepare.writes().isEmpty() ? null : carried(prepare),
                        prepare.writeCount());
            case Message.Commit _ -> new BatchMessage(MessageType.COMMIT, id, null, null, null, null, null);
            case Message.CommitOnePhase commit ->
                new BatchMessage(MessageType.COMMIT, id, null, null, null, null, commit.writeCount());
            case Message.Rollback _ -> new BatchMessage(MessageType.ROLLBACK, id, null, null, null, null, null);
        };
    }

    private static List<PrepareWrite> carried(Message.Prepare message) {
        return message.writes().stream()
                .map(write -> new PrepareWrite(write.sequence(), write.key(), write.value()))
                .toList();
    }
}
