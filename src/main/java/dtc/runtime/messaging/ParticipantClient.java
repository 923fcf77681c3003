package dtc.runtime.messaging;

import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.runtime.Registration;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/** Sends the coordinator's messages to resource managers. */
public interface ParticipantClient {

    /**
     * Sends a message, possibly together with others.
     *
     * @return a stage that completes normally within the timeout of a message; failures and missing answers are
     *     reported as replies
     */
    CompletionStage<Reply> send(Registration target, Message message);

    /**
     * Sends an outcome in a separate request. Used for retries, so that an unanswered message does not delay others.
     *
     * @param limit how long to wait for the answer
     */
    default CompletionStage<Reply> sendSeparately(Registration target, Message message, Duration limit) {
        return send(target, message);
    }
}
