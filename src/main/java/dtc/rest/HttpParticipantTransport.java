package dtc.rest;

import dtc.protocol.Message;
import dtc.protocol.Reply;
import dtc.runtime.Registration;
import dtc.runtime.messaging.ParticipantTransport;
import io.quarkus.tls.CertificateUpdatedEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jboss.logging.Logger;

/** Sends the coordinator's messages over HTTP. */
@Singleton
public class HttpParticipantTransport implements ParticipantTransport {

    private static final Logger LOG = Logger.getLogger(HttpParticipantTransport.class);

    private final ResourceManagerClients clients;
    private final MessageSender sender;
    private final VoteCaller votes;

    HttpParticipantTransport(ResourceManagerClients clients, MessageSender sender, VoteCaller votes) {
        this.clients = clients;
        this.sender = sender;
        this.votes = votes;
    }

    /**
     * Runs before the observer of Quarkus, which fails if a client is created concurrently. Later observers are not
     * called in that case.
     */
    void onCertificateUpdated(@Observes @Priority(0) CertificateUpdatedEvent event) {
        clients.renewConnections();
    }

    @Override
    public CompletionStage<Reply> send(Registration target, Message message) {
        return message instanceof Message.Prepare prepare
                ? votes.prepare(target, prepare, clients.timeout()).subscribeAsCompletionStage()
                : send(target, message, clients.timeout(), false);
    }

    @Override
    public CompletionStage<Reply> send(Registration target, Message message, Duration limit) {
        return send(target, message, limit, true);
    }

    private CompletionStage<Reply> send(Registration target, Message message, Duration limit, boolean isRetry) {
        return sender.send(target, message, limit, isRetry)
                .onFailure()
                .recoverWithItem(failure -> {
                    if (Clients.classify(failure) == Clients.Failure.TIMEOUT) {
                        LOG.debugf(
                                "resource manager %s did not answer a message of %s within %s",
                                target.id(), message.id(), limit);
                    }
                    return ReplyReader.fromFailure(failure);
                })
                .subscribeAsCompletionStage();
    }

    @Override
    public CompletionStage<List<Optional<Reply>>> sendBatch(Registration target, List<Message> messages) {
        return votes.sendBatch(target, messages, clients.timeout()).subscribeAsCompletionStage();
    }
}
