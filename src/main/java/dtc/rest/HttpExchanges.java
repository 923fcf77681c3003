package dtc.rest;

import dtc.protocol.Messages.StageRequest;
import dtc.runtime.Exchanges;
import dtc.runtime.Message;
import dtc.runtime.Participants.Reply;
import dtc.runtime.Registration;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** The coordinator's messages over HTTP. Whatever comes back, or does not, becomes one of a few values. */
@Singleton
public class HttpExchanges implements Exchanges {

    private final ResourceManagers api;
    private final VoteCaller votes;
    private final Answers answers;

    HttpExchanges(ResourceManagers api, VoteCaller votes, Answers answers) {
        this.api = api;
        this.votes = votes;
        this.answers = answers;
    }

    @Override
    public CompletionStage<Reply> alone(Registration target, Message message) {
        String url = target.url();
        String id = message.id().toString();
        String instance = target.instance().toString();
        return switch (message) {
            case Message.Write write ->
                reply(() -> api.of(target)
                        .write(url, id, instance, write.sequence(), new StageRequest(write.key(), write.value())));
            case Message.Prepare prepare -> votes.prepare(target, prepare).subscribeAsCompletionStage();
            case Message.Commit _ -> reply(() -> api.of(target).commit(url, id, instance));
            case Message.Rollback _ -> reply(() -> api.of(target).rollback(url, id, instance));
        };
    }

    @Override
    public CompletionStage<List<Optional<Reply>>> together(Registration target, List<Message> messages) {
        return votes.together(target, messages).subscribeAsCompletionStage();
    }

    private CompletionStage<Reply> reply(Supplier<Uni<? extends Response>> call) {
        return Uni.createFrom()
                .deferred(call)
                .map(answers::reply)
                .onFailure()
                .recoverWithItem(Answers::failed)
                .subscribeAsCompletionStage();
    }
}
