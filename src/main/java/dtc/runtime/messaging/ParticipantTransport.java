package dtc.runtime.messaging;

import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.runtime.Registration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * Sends requests to resource managers. Every stage completes within the time limit of a request (one second): a failure
 * or a missing answer is a reply too.
 */
public interface ParticipantTransport {

    CompletionStage<Reply> send(Registration target, Message message);

    /**
     * Sends several messages in one request, to a resource manager with the feature {@link Registration#BATCH}.
     *
     * @return a reply for each message; empty for a message that has to be sent alone, because its answer has to wait.
     *     An empty list if the answer was not a list of replies. Fails if the connection broke. In both cases it is
     *     unknown which messages were carried out.
     */
    CompletionStage<List<Optional<Reply>>> sendBatch(Registration target, List<Message> messages);
}
