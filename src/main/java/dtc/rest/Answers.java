package dtc.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.protocol.Ballot;
import dtc.protocol.Messages.BatchAnswer;
import dtc.protocol.Messages.BatchReply;
import dtc.protocol.Vote;
import dtc.protocol.VoteCause;
import dtc.runtime.Message;
import dtc.runtime.Participants.Reply;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What answers of resource managers mean. They are others' making, and may hold anything. */
@Singleton
class Answers {

    /** Says that it will be done, not that it is. */
    private static final int ACCEPTED = 202;

    private static final int REASON_CHARS_MAX = 300;

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
            var vote = mapper.readTree(body);
            return switch (vote.path("vote").asText()) {
                case "COMMIT" -> Ballot.COMMIT;
                case "READ_ONLY" -> Ballot.READ_ONLY;
                case "ABORT" -> abort(vote.path("reason").asText());
                default -> error("its answer holds no known vote");
            };
        } catch (JsonProcessingException _) {
            return error("its answer is not JSON");
        }
    }

    private static Ballot vote(BatchAnswer answer) {
        Vote vote = answer.vote();
        if (answer.status() != 200 || vote == null) {
            return error("it answered %d instead of a vote".formatted(answer.status()));
        }
        return switch (vote) {
            case COMMIT -> Ballot.COMMIT;
            case READ_ONLY -> Ballot.READ_ONLY;
            case ABORT -> abort(answer.reason());
        };
    }

    /** What does not answer each message as it should is as good as not sent: nothing is harmed by sending it again. */
    List<Optional<Reply>> each(List<Message> messages, Response response) {
        List<BatchAnswer> answers = response.getStatus() == 200 ? answers(response) : List.of();
        if (answers.size() != messages.size()) {
            return Collections.nCopies(messages.size(), Optional.empty());
        }
        List<Optional<Reply>> replies = new ArrayList<>(messages.size());
        for (int i = 0; i < answers.size(); i++) {
            BatchAnswer answer = answers.get(i);
            replies.add(
                    answer.status() == ACCEPTED
                            ? Optional.empty()
                            : Optional.of(
                                    messages.get(i) instanceof Message.Prepare
                                            ? Reply.voted(vote(answer))
                                            : reply(answer.status(), answer.reason())));
        }
        return replies;
    }

    private List<BatchAnswer> answers(Response response) {
        try {
            BatchReply reply = mapper.readValue(response.readEntity(String.class), BatchReply.class);
            List<BatchAnswer> answers = reply == null ? null : reply.answers();
            return answers == null || answers.contains(null) ? List.of() : answers;
        } catch (JsonProcessingException _) {
            return List.of();
        }
    }

    private static Ballot abort(@Nullable String said) {
        String line = line(said == null ? "" : said);
        return Ballot.abort(line.isBlank() ? "it gave no reason" : line);
    }

    /** One line, and not too long. */
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
