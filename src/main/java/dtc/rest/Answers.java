package dtc.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dtc.protocol.Ballot;
import dtc.protocol.PlainText;
import dtc.protocol.VoteCause;
import dtc.runtime.Message;
import dtc.runtime.Participants.Reply;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What answers of resource managers mean. They are others' making, and may hold anything. */
@Singleton
class Answers {

    /** Says that it will be done, not that it is. */
    private static final int ACCEPTED = 202;

    /** Of a reason; longer ones are cut. */
    static final int REASON_CHARS_MAX = 300;

    private final ObjectMapper mapper;

    Answers(ObjectMapper mapper) {
        this.mapper = mapper;
    }

    Reply reply(Response response) {
        return reply(response.getStatus(), isGood(response.getStatus()) ? null : detail(response));
    }

    private static boolean isGood(int status) {
        return status >= 200 && status < 300 && status != ACCEPTED;
    }

    private static Reply reply(int status, @Nullable String said) {
        return isGood(status)
                ? Reply.DONE
                : new Reply(
                        switch (status) {
                            case 404 -> Reply.Kind.UNKNOWN;
                            case 409 -> Reply.Kind.CONFLICT;
                            case 507 -> Reply.Kind.NO_ROOM;
                            case 503 -> Reply.Kind.UNAVAILABLE;
                            default -> Reply.Kind.WRONG;
                        },
                        "it answered " + status + (said == null || said.isEmpty() ? "" : ": " + line(said)));
    }

    /** What a refusal says of itself (RFC 9457). */
    private String detail(Response response) {
        if (response.getMediaType() == null
                || !response.getMediaType().getSubtype().equals("problem+json")) {
            return "";
        }
        try {
            return mapper.readTree(response.readEntity(String.class))
                    .path("detail")
                    .asText();
        } catch (JsonProcessingException _) {
            return "";
        }
    }

    static Reply failed(Throwable failure) {
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
    Reply vote(Response response) {
        return Reply.voted(ballot(response));
    }

    private Ballot ballot(Response response) {
        if (response.getStatus() != 200) {
            return error("it answered %d instead of a vote".formatted(response.getStatus()));
        }
        String body = response.hasEntity() ? response.readEntity(String.class) : "";
        if (body == null || body.isBlank()) {
            return error("its answer is empty");
        }
        try {
            return ballot(mapper.readTree(body));
        } catch (JsonProcessingException _) {
            return error("its answer is not JSON");
        }
    }

    private static Ballot ballot(JsonNode answer) {
        return switch (answer.path("vote").asText()) {
            case "COMMIT" -> Ballot.COMMIT;
            case "READ_ONLY" -> Ballot.READ_ONLY;
            case "ABORT" -> abort(answer.path("reason").asText());
            default -> error("its answer holds no known vote");
        };
    }

    /** None where the answer is not one for each message: nothing is harmed by sending them again, each alone. */
    List<Optional<Reply>> each(List<Message> messages, Response response) {
        if (response.getStatus() == 503) {
            // It takes nothing now: as if each had been refused, for to send each again would be to insist.
            return toEach(messages, vote(response), reply(response));
        }
        JsonNode answers = response.getStatus() == 200 ? answers(response) : MissingNode.getInstance();
        if (!answers.isArray() || answers.size() != messages.size()) {
            return List.of();
        }
        List<Optional<Reply>> replies = new ArrayList<>(messages.size());
        for (int i = 0; i < messages.size(); i++) {
            replies.add(answer(messages.get(i), answers.get(i)));
        }
        return replies;
    }

    /** The same to each, but for requests for votes. */
    static List<Optional<Reply>> toEach(List<Message> messages, Reply vote, Reply other) {
        return messages.stream()
                .map(message -> Optional.of(message instanceof Message.Prepare ? vote : other))
                .toList();
    }

    private static Optional<Reply> answer(Message message, JsonNode answer) {
        int status = answer.path("status").asInt();
        if (status == ACCEPTED) {
            return Optional.empty();
        }
        if (message instanceof Message.Prepare) {
            return Optional.of(Reply.voted(
                    status == 200 ? ballot(answer) : error("it answered %d instead of a vote".formatted(status))));
        }
        return Optional.of(reply(status, answer.path("reason").asText()));
    }

    private JsonNode answers(Response response) {
        String body = response.hasEntity() ? response.readEntity(String.class) : null;
        try {
            return body == null
                    ? MissingNode.getInstance()
                    : mapper.readTree(body).path("answers");
        } catch (JsonProcessingException _) {
            return MissingNode.getInstance();
        }
    }

    private static Ballot abort(String said) {
        String line = line(said);
        return Ballot.abort(line.isBlank() ? "it gave no reason" : line);
    }

    private static String line(String said) {
        return PlainText.line(said, REASON_CHARS_MAX);
    }

    private static Ballot error(String reason) {
        return Ballot.abortFor(VoteCause.ERROR, reason);
    }
}
