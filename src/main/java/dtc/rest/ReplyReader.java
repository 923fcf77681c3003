package dtc.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dtc.protocol.Ballot;
import dtc.protocol.Message;
import dtc.protocol.PlainText;
import dtc.protocol.Reply;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Converts HTTP responses of resource managers to replies. Responses are untrusted input. */
@Singleton
class ReplyReader {

    /** In a batch: the message is accepted but not yet processed. */
    private static final int ACCEPTED = 202;

    /** Longer reasons are truncated. */
    static final int REASON_CHARS_MAX = 300;

    private final ObjectMapper mapper;

    ReplyReader(ObjectMapper mapper) {
        this.mapper = mapper;
    }

    /** Reads the reply to any message except prepare. */
    Reply reply(Response response) {
        return reply(response.getStatus(), isAcknowledgement(response.getStatus()) ? null : detail(response));
    }

    private static boolean isAcknowledgement(int status) {
        return status >= 200 && status < 300 && status != ACCEPTED;
    }

    private static Reply reply(int status, @Nullable String text) {
        if (isAcknowledgement(status)) {
            return new Reply.Acknowledged();
        }
        String detail = "it answered " + status + (text == null || text.isEmpty() ? "" : ": " + line(text));
        return switch (status) {
            case 404 -> new Reply.NotFound(detail);
            case 409 -> new Reply.Conflict(detail);
            case 507 -> new Reply.NoRoom(detail);
            case 503 -> new Reply.Unavailable(detail);
            default -> new Reply.ProtocolError(detail);
        };
    }

    /** Returns the detail of a problem document (RFC 9457); empty if the response is not one. */
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

    /** Returns the reply for a call that failed. */
    static Reply failed(Throwable failure) {
        String detail = Clients.describe(failure);
        return switch (Clients.classify(failure)) {
            case UNREACHABLE -> new Reply.Unreachable(detail);
            case GARBLED -> new Reply.ProtocolError(detail);
            // If the connection breaks, it is unknown whether the message was processed.
            case TIMEOUT, ERROR -> new Reply.NoAnswer(detail);
        };
    }

    /** Reads the reply to prepare. */
    Reply vote(Response response) {
        if (response.getStatus() != 200) {
            return new Reply.ProtocolError("it answered %d instead of a vote".formatted(response.getStatus()));
        }
        String body = response.hasEntity() ? response.readEntity(String.class) : "";
        if (body == null || body.isBlank()) {
            return new Reply.ProtocolError("its answer is empty");
        }
        try {
            return vote(mapper.readTree(body));
        } catch (JsonProcessingException _) {
            return new Reply.ProtocolError("its answer is not JSON");
        }
    }

    private static Reply vote(JsonNode answer) {
        return switch (answer.path("vote").asText()) {
            case "COMMIT" -> new Reply.Voted(Ballot.COMMIT);
            case "READ_ONLY" -> new Reply.Voted(Ballot.READ_ONLY);
            case "ABORT" ->
                new Reply.Voted(Ballot.abort(reason(answer.path("reason").asText())));
            default -> new Reply.ProtocolError("its answer holds no known vote");
        };
    }

    /**
     * Reads the replies to a batch. Returns an empty list if the response does not contain one reply for each message;
     * it is then safe to resend each message separately.
     */
    List<Optional<Reply>> batch(List<Message> messages, Response response) {
        if (response.getStatus() == 503) {
            // The resource manager is unavailable, so resending the messages would only increase its load.
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

    /** Returns {@code vote} for each prepare message, and {@code other} for all other messages. */
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
            return Optional.of(
                    status == 200
                            ? vote(answer)
                            : new Reply.ProtocolError("it answered %d instead of a vote".formatted(status)));
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

    private static String reason(String text) {
        String line = line(text);
        return line.isBlank() ? "it gave no reason" : line;
    }

    private static String line(String text) {
        return PlainText.line(text, REASON_CHARS_MAX);
    }
}
