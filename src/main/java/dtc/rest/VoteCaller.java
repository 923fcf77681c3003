package dtc.rest;

import dtc.protocol.Ballot;
import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.protocol.VoteCause;
import dtc.runtime.Registration;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.faulttolerance.Fallback;
import org.eclipse.microprofile.faulttolerance.Timeout;

/**
 * Asks resource managers for their votes, and votes ABORT for one that does not vote within one second
 * ({@code dtc.prepare-timeout}).
 *
 * <p>The timeout does not cancel the HTTP call. The call ends by the client's read timeout, which is slightly longer,
 * and a late vote does not change the decision.
 */
@ApplicationScoped
public class VoteCaller {

    private final ResourceManagerClients api;
    private final ReplyReader reader;

    VoteCaller(ResourceManagerClients api, ReplyReader reader) {
        this.api = api;
        this.reader = reader;
    }

    @Timeout(1000)
    @Fallback(fallbackMethod = "voteAbort")
    public Uni<Reply> prepare(Registration target, Message.Prepare message) {
        String id = message.id().toString();
        String instance = target.instance().toString();
        return (message.writes().isEmpty()
                        ? api.of(target).prepare(target.url(), id, instance)
                        : api.of(target).prepare(target.url(), id, instance, Requests.prepare(message)))
                .map(reader::vote);
    }

    Uni<Reply> voteAbort(Registration target, Message.Prepare message, Throwable failure) {
        return Uni.createFrom().item(abort(failure));
    }

    /** Sends a batch, which may contain prepare messages. Each message has a fallback of its own. */
    @Timeout(1000)
    @Fallback(fallbackMethod = "failEach")
    public Uni<List<Optional<Reply>>> sendBatch(Registration target, List<Message> messages) {
        return api.of(target)
                .batch(target.url(), target.instance().toString(), Requests.batch(messages))
                .map(response -> reader.batch(messages, response));
    }

    Uni<List<Optional<Reply>>> failEach(Registration target, List<Message> messages, Throwable failure) {
        return switch (Clients.classify(failure)) {
            // One of the messages may be the cause. No replies: each is sent again alone.
            case GARBLED -> Uni.createFrom().item(List.of());
            case ERROR -> Uni.createFrom().failure(failure);
            // There is no time left to send them again, or no process to send them to.
            case TIMEOUT, UNREACHABLE ->
                Uni.createFrom().item(ReplyReader.toEach(messages, abort(failure), ReplyReader.failed(failure)));
        };
    }

    private static Reply abort(Throwable failure) {
        VoteCause cause = switch (Clients.classify(failure)) {
            case TIMEOUT -> VoteCause.TIMEOUT;
            case UNREACHABLE -> VoteCause.UNREACHABLE;
            case GARBLED, ERROR -> VoteCause.ERROR;
        };
        return new Reply.Voted(Ballot.abortFor(cause, Clients.describe(failure)));
    }
}
