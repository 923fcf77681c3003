package dtc.runtime.messaging;

import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.runtime.Registration;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * Sends requests to resource managers. Every stage completes within a time limit. Failures and missing answers are
 * reported as replies.
 */
public interface ParticipantTransport {

    /** Sends a message. The time limit is 1 s for a vote, and 1.1 s for other messages. */
    CompletionStage<Reply> send(Registration target, Message message);

    /** Sends an outcome again, with the given time limit. */
    CompletionStage<Reply> send(Registration target, Message message, Duration limit);

    /**
     * Sends several messages in one request, to a resource manager with the feature {@link Registration#BATCH}.
     *
     * @return one reply per message; empty for a message that must be sent in a separate request, because its answer is
     *     not available yet. An empty list if the response is invalid. Fails if the connection is lost. In the last two
     *     cases it is unknown which messages were carried out.
     */
    CompletionStage<List<Optional<Reply>>> sendBatch(Registration target, List<Message> messages);
}
