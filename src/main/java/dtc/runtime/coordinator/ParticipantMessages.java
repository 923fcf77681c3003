package dtc.runtime.coordinator;

import dtc.coordinator.Participant;
import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.Stages;
import dtc.runtime.messaging.ParticipantClient;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Sends messages to participants. Each message is addressed to the enlisted instance. If another instance is
 * registered, a prepare message is not sent, and an outcome is sent only if the resource manager checks the instance.
 *
 * <p>A registration that was read from the log may be out of date until the resource manager has registered with this
 * process. Until then, a 404 does not prove that the participant has lost its state, so the outcome is retried.
 */
final class ParticipantMessages {

    private static final String NOT_CONFIRMED = "it has not registered since the coordinator started";
    private static final String OTHER_INSTANCE = "it restarted as another instance and lost its state";

    private final Registry registry;
    private final ParticipantClient client;

    ParticipantMessages(Registry registry, ParticipantClient client) {
        this.registry = registry;
        this.client = client;
    }

    /** Sends a write to the registered instance. */
    CompletionStage<Reply> sendWrite(Registration target, Message.Write write) {
        return call(client::send, target, write);
    }

    CompletionStage<Reply> sendPrepare(Participant participant, Message.Prepare prepare) {
        Registration target = registry.findTarget(participant.resourceManager());
        if (target == null) {
            return completed(new Reply.Unreachable("it is no longer registered"));
        }
        if (!target.instance().equals(participant.instance())) {
            return completed(new Reply.NotFound(OTHER_INSTANCE));
        }
        if (!prepare.writes().isEmpty() && !target.supportsWritesWithPrepare()) {
            return completed(new Reply.ProtocolError("it no longer supports writes in the prepare message"));
        }
        if (prepare.writes().stream().anyMatch(Message.Write::needsConditions) && !target.supportsConditions()) {
            return completed(new Reply.ProtocolError("it no longer supports deletes and conditions"));
        }
        return call(client::send, target, prepare);
    }

    /**
     * Sends an outcome or a one-phase commit.
     *
     * @param retryTimeout how long to wait for the answer to a retry, which is sent in a separate request; null for the
     *     first attempt
     * @param beforeSending called immediately before the message is sent; not called if it is not sent
     */
    CompletionStage<Reply> sendOutcome(
            Participant participant, Message message, @Nullable Duration retryTimeout, Runnable beforeSending) {
        Registration target = registry.findTarget(participant.resourceManager());
        if (target == null) {
            return completed(new Reply.Unreachable("it is not registered"));
        }
        if (!target.instance().equals(participant.instance()) && !target.checksInstance()) {
            return completed(
                    target.isConfirmed() ? new Reply.NotFound(OTHER_INSTANCE) : new Reply.Unreachable(NOT_CONFIRMED));
        }
        beforeSending.run();
        Registration enlisted = target.withInstance(participant.instance());
        CompletionStage<Reply> reply = retryTimeout == null
                ? call(client::send, enlisted, message)
                : call((to, sent) -> client.sendSeparately(to, sent, retryTimeout), enlisted, message);
        return target.isConfirmed() ? reply : reply.thenApply(ParticipantMessages::notFoundToNoAnswer);
    }

    /** Replaces a 404 from a resource manager whose registration is not confirmed. */
    private static Reply notFoundToNoAnswer(Reply reply) {
        return reply instanceof Reply.NotFound notFound
                ? new Reply.NoAnswer("%s; %s".formatted(notFound.detail(), NOT_CONFIRMED))
                : reply;
    }

    private static CompletionStage<Reply> call(
            BiFunction<Registration, Message, CompletionStage<Reply>> send, Registration target, Message message) {
        return Stages.call(() -> send.apply(target, message))
                // An internal error. It is unknown whether the message was processed.
                .exceptionally(failure -> new Reply.NoAnswer(
                        "the call failed: " + failure.getClass().getSimpleName()));
    }

    private static CompletionStage<Reply> completed(Reply reply) {
        return CompletableFuture.completedFuture(reply);
    }
}
