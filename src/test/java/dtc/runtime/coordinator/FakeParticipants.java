package dtc.runtime.coordinator;

import dtc.protocol.Ballot;
import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.runtime.Registration;
import dtc.runtime.messaging.ParticipantClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Participants that record the messages and send configured replies. By default, all messages succeed. */
final class FakeParticipants implements ParticipantClient {

    /** The messages, such as {@code Commit orders} or {@code Prepare orders key}. A retry ends with {@code alone}. */
    final List<String> sent = new ArrayList<>();
    /** The replies to messages that do not succeed. */
    final Map<String, Reply> replies = new HashMap<>();
    /** Whether messages are left unanswered, for {@link #answer}. */
    boolean holding;

    /** Called when a message is sent. */
    Runnable whenSent = () -> {};

    @Nullable
    Registration lastTarget;

    private final List<Unanswered> unanswered = new ArrayList<>();

    private record Unanswered(String message, CompletableFuture<Reply> reply) {}

    @Override
    public CompletionStage<Reply> send(Registration target, Message message) {
        return send(target, text(target, message), message, "");
    }

    @Override
    public CompletionStage<Reply> sendSeparately(Registration target, Message message, Duration limit) {
        return send(target, text(target, message), message, " alone");
    }

    private CompletionStage<Reply> send(Registration target, String text, Message message, String how) {
        whenSent.run();
        lastTarget = target;
        sent.add(text + how);
        CompletableFuture<Reply> reply = new CompletableFuture<>();
        if (holding) {
            unanswered.add(new Unanswered(text, reply));
        } else {
            reply.complete(replies.getOrDefault(text, success(message)));
        }
        return reply;
    }

    /** Answers the first such message that is unanswered. */
    void answer(String message, Reply reply) {
        Unanswered first = unanswered.stream()
                .filter(waiting -> waiting.message().equals(message))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no such message in " + unanswered));
        unanswered.remove(first);
        first.reply().complete(reply);
    }

    private static String text(Registration target, Message message) {
        String text = message.getClass().getSimpleName() + " " + target.id();
        return switch (message) {
            case Message.Write write -> text + " " + write.key();
            case Message.Prepare prepare -> {
                List<String> parts = new ArrayList<>(List.of(text));
                prepare.writes().forEach(write -> parts.add(write.key()));
                yield String.join(" ", parts);
            }
            case Message.Commit _, Message.CommitOnePhase _, Message.Rollback _ -> text;
        };
    }

    private static Reply success(Message message) {
        return message instanceof Message.Prepare ? new Reply.Voted(Ballot.COMMIT) : new Reply.Acknowledged();
    }
}
