package dtc.runtime.coordinator;

import dtc.coordinator.Participant;
import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.runtime.Ports;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.messaging.ParticipantClient;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;

/**
 * Sends messages to enlisted participants. A message is for the instance that was enlisted: it is not sent if another
 * instance is registered now, unless the resource manager checks the instance itself.
 */
final class ParticipantMessages {

    private static final String OTHER_INSTANCE = "it came back as another instance, without its memory";

    private final Registry registry;
    private final ParticipantClient client;

    ParticipantMessages(Registry registry, ParticipantClient client) {
        this.registry = registry;
        this.client = client;
    }

    /** Sends the first write, which enlists the participant, or a further one. */
    CompletionStage<Reply> sendWrite(Registration target, Message.Write write) {
        return call(client::send, target, write);
    }

    CompletionStage<Reply> sendPrepare(Participant participant, Message.Prepare prepare) {
        Registration target = registry.find(participant.resourceManager());
        if (target == null) {
            return reply(new Reply.Unreachable("it is no longer registered"));
        }
        if (!target.instance().equals(participant.instance())) {
            return reply(new Reply.NotFound(OTHER_INSTANCE));
        }
        if (!prepare.writes().isEmpty() && !target.takesWritesWithPrepare()) {
            return reply(new Reply.ProtocolError("it no longer takes writes along with the request"));
        }
        return call(client::send, target, prepare);
    }

    /**
     * Sends an outcome, or a one-phase commit.
     *
     * @param retry whether it was sent before; it is then sent in a request of its own
     * @param beforeSending called if the message is sent
     */
    CompletionStage<Reply> sendOutcome(
            Participant participant, Message message, boolean retry, Runnable beforeSending) {
        Registration target = registry.find(participant.resourceManager());
        if (target == null) {
            return reply(new Reply.Unreachable("it is not registered now"));
        }
        if (!target.instance().equals(participant.instance()) && !target.checksInstance()) {
            return reply(new Reply.NotFound(OTHER_INSTANCE));
        }
        beforeSending.run();
        return call(retry ? client::sendAlone : client::send, target.addressedTo(participant.instance()), message);
    }

    private static CompletionStage<Reply> call(
            BiFunction<Registration, Message, CompletionStage<Reply>> send, Registration target, Message message) {
        return Ports.call(() -> send.apply(target, message))
                // An internal error: it is unknown whether the message was carried out.
                .exceptionally(failure -> new Reply.NoAnswer(
                        "the call to it failed: " + failure.getClass().getSimpleName()));
    }

    private static CompletionStage<Reply> reply(Reply reply) {
        return CompletableFuture.completedFuture(reply);
    }
}
