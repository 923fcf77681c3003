package dtc.runtime.messaging;

import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.runtime.Registration;
import java.util.concurrent.CompletionStage;

/** Sends the coordinator's messages to resource managers. */
public interface ParticipantClient {

    /**
     * Sends a message, possibly together with others.
     *
     * @return completes normally within the time limit of a message; a failure or a missing answer is a reply too
     */
    CompletionStage<Reply> send(Registration target, Message message);

    /**
     * Sends a message in a request of its own. For retries: a message that cannot be answered must not delay others.
     */
    default CompletionStage<Reply> sendAlone(Registration target, Message message) {
        return send(target, message);
    }
}
