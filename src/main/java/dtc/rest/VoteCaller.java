package dtc.rest;

import dtc.protocol.Ballot;
import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.protocol.VoteCause;
import dtc.runtime.Registration;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.faulttolerance.Fallback;
import org.eclipse.microprofile.faulttolerance.Timeout;

/**
 * Requests votes from resource managers. Returns an ABORT vote for one that does not vote within one second
 * ({@code dtc.prepare-timeout}).
 *
 * <p>The timeout does not cancel the HTTP call, which has its own, slightly longer timeout. A late vote does not change
 * the decision.
 */
@ApplicationScoped
public class VoteCaller {

    private final MessageSender sender;

    VoteCaller(MessageSender sender) {
        this.sender = sender;
    }

    @Timeout(1000)
    @Fallback(fallbackMethod = "voteAbort")
    public Uni<Reply> prepare(Registration target, Message.Prepare message, Duration limit) {
        return sender.send(target, message, limit, false);
    }

    Uni<Reply> voteAbort(Registration target, Message.Prepare message, Duration limit, Throwable failure) {
        return Uni.createFrom().item(abort(failure));
    }

    /** Sends a batch, which may contain prepare messages. The fallback returns a reply for each message. */
    @Timeout(1000)
    @Fallback(fallbackMethod = "failEach")
    public Uni<List<Optional<Reply>>> sendBatch(Registration target, List<Message> messages, Duration limit) {
        return sender.sendBatch(target, messages, limit);
    }

    Uni<List<Optional<Reply>>> failEach(
            Registration target, List<Message> messages, Duration limit, Throwable failure) {
        return switch (Clients.classify(failure)) {
            // One message may be the cause. An empty list makes the caller resend each message separately.
            case MALFORMED -> Uni.createFrom().item(List.of());
            case ERROR -> Uni.createFrom().failure(failure);
            // Not resent: the vote timeout has expired, or the resource manager is unreachable.
            case TIMEOUT, UNREACHABLE ->
                Uni.createFrom()
                        .item(ReplyReader.createReplies(messages, abort(failure), ReplyReader.fromFailure(failure)));
        };
    }

    private static Reply abort(Throwable failure) {
        VoteCause cause = switch (Clients.classify(failure)) {
            case TIMEOUT -> VoteCause.TIMEOUT;
            case UNREACHABLE -> VoteCause.UNREACHABLE;
            case MALFORMED, ERROR -> VoteCause.ERROR;
        };
        return new Reply.Voted(Ballot.abortFor(cause, Clients.describe(failure)));
    }
}
