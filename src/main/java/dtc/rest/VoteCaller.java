package dtc.rest;

import dtc.protocol.Ballot;
import dtc.protocol.VoteCause;
import dtc.runtime.Message;
import dtc.runtime.Participants.Reply;
import dtc.runtime.Registration;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.faulttolerance.Fallback;
import org.eclipse.microprofile.faulttolerance.Timeout;

/**
 * Asks for votes, and votes abort for a participant that casts none within its second. The time is
 * {@code dtc.prepare-timeout}, 1,000 ms unless configured. It ends the waiting, not the call beneath: that ends by the
 * client's read timeout just above, and a vote that still comes finds a decided transaction.
 */
@ApplicationScoped
public class VoteCaller {

    private final ResourceManagers api;
    private final Answers answers;

    VoteCaller(ResourceManagers api, Answers answers) {
        this.api = api;
        this.answers = answers;
    }

    @Timeout(1000)
    @Fallback(fallbackMethod = "voteAbort")
    public Uni<Reply> prepare(Registration target, Message.Prepare message) {
        String id = message.id().toString();
        String instance = target.instance().toString();
        return (message.writes().isEmpty()
                        ? api.of(target).prepare(target.url(), id, instance)
                        : api.of(target).prepare(target.url(), id, instance, Requests.prepare(message)))
                .map(answers::vote);
    }

    Uni<Reply> voteAbort(Registration target, Message.Prepare message, Throwable failure) {
        return Uni.createFrom().item(Reply.voted(abort(failure)));
    }

    /** Among the messages may be requests for votes; each of them falls back on its own. */
    @Timeout(1000)
    @Fallback(fallbackMethod = "failEach")
    public Uni<List<Optional<Reply>>> together(Registration target, List<Message> messages) {
        return api.of(target)
                .batch(target.url(), target.instance().toString(), Requests.batch(messages))
                .map(response -> answers.each(messages, response));
    }

    Uni<List<Optional<Reply>>> failEach(Registration target, List<Message> messages, Throwable failure) {
        return switch (Clients.classify(failure)) {
            // One message among them may be the cause, and has to spoil none but itself: they go again.
            case GARBLED -> Uni.createFrom().item(List.of());
            case ERROR -> Uni.createFrom().failure(failure);
            // Their time is over, or there is nobody to send them to again.
            case TIMEOUT, UNREACHABLE ->
                Uni.createFrom().item(Answers.toEach(messages, Reply.voted(abort(failure)), Answers.failed(failure)));
        };
    }

    private static Ballot abort(Throwable failure) {
        VoteCause cause = switch (Clients.classify(failure)) {
            case TIMEOUT -> VoteCause.TIMEOUT;
            case UNREACHABLE -> VoteCause.UNREACHABLE;
            case GARBLED, ERROR -> VoteCause.ERROR;
        };
        return Ballot.abortFor(cause, Clients.describe(failure));
    }
}
