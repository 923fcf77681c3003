package dtc.rest;

import dtc.protocol.Message;
import dtc.protocol.Messages.StageRequest;
import dtc.protocol.Reply;
import dtc.runtime.Registration;
import dtc.runtime.messaging.ParticipantTransport;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Sends the coordinator's messages over HTTP. */
@Singleton
public class HttpParticipantTransport implements ParticipantTransport {

    private final ResourceManagerClients api;
    private final VoteCaller votes;
    private final ReplyReader reader;

    HttpParticipantTransport(ResourceManagerClients api, VoteCaller votes, ReplyReader reader) {
        this.api = api;
        this.votes = votes;
        this.reader = reader;
    }

    @Override
    public CompletionStage<Reply> send(Registration target, Message message) {
        String url = target.url();
        String id = message.id().toString();
        String instance = target.instance().toString();
        return switch (message) {
            case Message.Write write ->
                reply(() -> api.of(target)
                        .write(url, id, instance, write.sequence(), new StageRequest(write.key(), write.value())));
            case Message.Prepare prepare -> votes.prepare(target, prepare).subscribeAsCompletionStage();
            case Message.Commit _, Message.CommitOnePhase _ ->
                reply(() -> api.of(target).commit(url, id, instance));
            case Message.Rollback _ -> reply(() -> api.of(target).rollback(url, id, instance));
        };
    }

    @Override
    public CompletionStage<List<Optional<Reply>>> sendBatch(Registration target, List<Message> messages) {
        return votes.sendBatch(target, messages).subscribeAsCompletionStage();
    }

    private CompletionStage<Reply> reply(Supplier<Uni<? extends Response>> call) {
        return Uni.createFrom()
                .deferred(call)
                .map(reader::reply)
                .onFailure()
                .recoverWithItem(ReplyReader::failed)
                .subscribeAsCompletionStage();
    }
}
