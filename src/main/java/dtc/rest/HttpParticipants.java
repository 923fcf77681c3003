package dtc.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.Messages.StageRequest;
import dtc.protocol.TransactionId;
import dtc.protocol.VoteCause;
import dtc.runtime.Participants;
import dtc.runtime.Registration;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** The coordinator's messages over HTTP. Whatever comes back, or does not, becomes one of a few values here. */
@Singleton
public class HttpParticipants implements Participants {

    /** Says that it will be done, not that it is. */
    private static final int ACCEPTED = 202;

    private static final int REASON_CHARS_MAX = 300;

    private final ResourceManagers api;
    private final VoteCaller votes;
    private final ObjectMapper mapper;

    HttpParticipants(ResourceManagers api, VoteCaller votes, ObjectMapper mapper) {
        this.api = api;
        this.votes = votes;
        this.mapper = mapper;
    }

    @Override
    public CompletionStage<Reply> write(
            Registration target, TransactionId id, int sequence, String key, JsonText value) {
        return reply(() -> api.of(target)
                .write(
                        target.url(),
                        id.toString(),
                        target.instance().toString(),
                        sequence,
                        new StageRequest(key, value)));
    }

    @Override
    public CompletionStage<Ballot> prepare(Registration target, TransactionId id) {
        return votes.prepare(target, id.toString()).subscribeAsCompletionStage();
    }

    @Override
    public CompletionStage<Reply> commit(Registration target, TransactionId id) {
        return reply(() -> api.of(target)
                .commit(target.url(), id.toString(), target.instance().toString()));
    }

    @Override
    public CompletionStage<Reply> rollback(Registration target, TransactionId id) {
        return reply(() -> api.of(target)
                .rollback(target.url(), id.toString(), target.instance().toString()));
    }

    private CompletionStage<Reply> reply(Supplier<Uni<? extends Response>> call) {
        return Uni.createFrom()
                .deferred(call)
                .map(this::reply)
                .onFailure()
                .recoverWithItem(HttpParticipants::failed)
                .subscribeAsCompletionStage();
    }

    private Reply reply(Response response) {
        int status = response.getStatus();
        if (status >= 200 && status < 300 && status != ACCEPTED) {
            return Reply.DONE;
        }
        String said = detail(response);
        String detail = "it answered " + status + (said.isEmpty() ? "" : ": " + said);
        return new Reply(
                switch (status) {
                    case 404 -> Reply.Kind.UNKNOWN;
                    case 409 -> Reply.Kind.CONFLICT;
                    case 507 -> Reply.Kind.NO_ROOM;
                    case 503 -> Reply.Kind.UNAVAILABLE;
                    default -> Reply.Kind.WRONG;
                },
                detail);
    }

    /** What a refusal says of itself (RFC 9457). */
    private String detail(Response response) {
        if (response.getMediaType() == null
                || !response.getMediaType().getSubtype().equals("problem+json")) {
            return "";
        }
        try {
            return line(mapper.readTree(response.readEntity(String.class))
                    .path("detail")
                    .asText());
        } catch (JsonProcessingException _) {
            return "";
        }
    }

    private static Reply failed(Throwable failure) {
        return new Reply(
                switch (Clients.classify(failure)) {
                    case UNREACHABLE -> Reply.Kind.UNREACHABLE;
                    case GARBLED -> Reply.Kind.WRONG;
                    // A broken connection does not tell whether the message was carried out.
                    case TIMEOUT, ERROR -> Reply.Kind.SILENT;
                },
                Clients.describe(failure));
    }

    /** Reads a vote; anything else than a well-formed one is a vote to abort. */
    static Ballot ballot(Response response, ObjectMapper mapper) {
        if (response.getStatus() != 200) {
            return error("it answered %d instead of a vote".formatted(response.getStatus()));
        }
        String body = response.hasEntity() ? response.readEntity(String.class) : "";
        if (body == null || body.isBlank()) {
            return error("its answer is empty");
        }
        try {
            JsonNode vote = mapper.readTree(body);
            return switch (vote.path("vote").asText()) {
                case "COMMIT" -> Ballot.COMMIT;
                case "READ_ONLY" -> Ballot.READ_ONLY;
                case "ABORT" -> Ballot.abort(reason(vote.path("reason").asText()));
                default -> error("its answer holds no known vote");
            };
        } catch (JsonProcessingException _) {
            return error("its answer is not JSON");
        }
    }

    private static String reason(String said) {
        String line = line(said);
        return line.isBlank() ? "it gave no reason" : line;
    }

    /** Of somebody else's making: one line, and not too long. */
    private static String line(String said) {
        return said.codePoints()
                .map(c -> Character.isISOControl(c) ? ' ' : c)
                .limit(REASON_CHARS_MAX)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static Ballot error(String reason) {
        return Ballot.abortFor(VoteCause.ERROR, reason);
    }
}
