package dtc.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dtc.protocol.Ballot;
import dtc.protocol.Message;
import dtc.protocol.PlainText;
import dtc.protocol.Reply;
import dtc.protocol.TransactionId;
import dtc.runtime.Registration;
import dtc.runtime.Time;
import io.vertx.core.buffer.Buffer;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Converts HTTP responses of resource managers to replies. Responses are untrusted input, and may come from a proxy.
 * Only these count as answers of the resource manager:
 *
 * <ul>
 *   <li>to a write, a commit and a rollback: 204
 *   <li>to a prepare: 200 with a vote as {@code application/json}
 *   <li>to a commit and a rollback: 404 and 409, to a one-phase commit also 507, as {@code application/problem+json}
 *       that does not name another transaction; with {@link Registration#CONTRACT_2} it must name this one
 * </ul>
 *
 * <p>503 and 429 mean that the resource manager is unavailable. Each element of a batch is read like a separate
 * response without a content type. Everything else is a {@link Reply.ProtocolError}, and is logged once.
 */
@Singleton
class ReplyReader {

    /** In a batch: the message is accepted but not yet processed. */
    private static final int ACCEPTED = 202;

    private static final int NO_CONTENT = 204;
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int UNAVAILABLE = 503;

    private static final String JSON = "application/json";
    private static final String PROBLEM = "application/problem+json";
    private static final String TEXT = "text/plain";
    private static final String TRANSACTION = "transaction";

    /**
     * Members of a JSON document that contain an error text: those of RFC 9457 and of a vote, and two in common use.
     */
    private static final List<String> ERROR_TEXTS = List.of("detail", "reason", "message", "error");

    /** Longer reasons are truncated. */
    static final int REASON_CHARS_MAX = 300;

    private static final int MEDIA_TYPE_CHARS_MAX = 60;
    private static final Duration RETRY_AFTER_MAX = Duration.ofSeconds(30);

    private static final String ADVICE_NO_CONTENT =
            "Only 204 (No Content) acknowledges a write, a commit or a rollback. Return 204 instead";
    private static final String ADVICE_VOTE =
            "A vote is 200 with Content-Type application/json and {\"vote\":\"COMMIT\"}, \"READ_ONLY\" or \"ABORT\"";
    private static final String ADVICE_PROBLEM =
            "404, 409 and 507 count only as application/problem+json whose member transaction is that of the message";

    private static final String ADVICE_BATCH =
            "The answer to a batch is 200 with Content-Type application/json and {\"answers\":[…]}, with one answer for each"
                    + " message, in the order of the messages, with its status and transaction";

    private final ObjectMapper mapper;
    private final Time time;
    private final UnexpectedAnswers unexpectedAnswers;

    ReplyReader(ObjectMapper mapper, Time time, UnexpectedAnswers unexpectedAnswers) {
        this.mapper = mapper;
        this.time = time;
        this.unexpectedAnswers = unexpectedAnswers;
    }

    /**
     * The content of a response, or of an element of a batch.
     *
     * @param mayBeRefusal whether it can be a refusal by the resource manager itself
     * @param hasNonJsonType whether it has a content type that is not JSON
     * @param document the JSON document; a {@link MissingNode} if there is none
     * @param detail a description for reasons and log messages, created only if it is needed
     */
    private record Content(
            int status, boolean mayBeRefusal, boolean hasNonJsonType, JsonNode document, Supplier<String> detail) {}

    /** Reads the reply to a message that was sent in a separate request. */
    Reply read(Registration target, Message message, HttpAnswer answer) {
        if (isUnavailable(answer.status())) {
            return new Reply.Unavailable(describe(answer), parseRetryAfter(answer));
        }
        if (message instanceof Message.Prepare) {
            return readVote(target, message, answer);
        }
        boolean isProblem = answer.hasMediaType(PROBLEM);
        JsonNode document = isProblem ? parse(answer.body()) : null;
        return readReply(
                target,
                message,
                new Content(
                        answer.status(),
                        document != null && document.isObject(),
                        !isProblem
                                && !answer.hasMediaType(JSON)
                                && !answer.contentTypes().isEmpty(),
                        document == null ? MissingNode.getInstance() : document,
                        () -> describe(answer)));
    }

    private Reply readVote(Registration target, Message message, HttpAnswer answer) {
        String detail = null;
        JsonNode document = MissingNode.getInstance();
        if (answer.status() != 200) {
            detail = describeMissingVote(answer.status(), findErrorText(answer));
        } else if (answer.body().length() == 0) {
            detail = "its answer is empty";
        } else if (!answer.hasMediaType(JSON)) {
            detail = "its answer is not application/json but '%s'".formatted(mediaType(answer));
        } else {
            JsonNode parsed = parse(answer.body());
            if (parsed == null) {
                detail = "its answer is not JSON";
            } else {
                document = parsed;
            }
        }
        return detail == null
                ? readVote(target, message, document)
                : reportUnexpected(target, message, answer.status(), detail, ADVICE_VOTE);
    }

    private Reply readVote(Registration target, Message message, JsonNode document) {
        if (namesOtherTransaction(message, document)) {
            return reportUnexpected(target, message, 200, "its answer names another transaction", ADVICE_VOTE);
        }
        return switch (document.path("vote").textValue()) {
            case "COMMIT" -> new Reply.Voted(Ballot.COMMIT);
            case "READ_ONLY" -> new Reply.Voted(Ballot.READ_ONLY);
            case "ABORT" ->
                new Reply.Voted(
                        Ballot.abort(reasonOrDefault(document.path("reason").asText(""))));
            case null, default ->
                reportUnexpected(target, message, 200, "its answer contains no valid vote", ADVICE_VOTE);
        };
    }

    private Reply readReply(Registration target, Message message, Content content) {
        int status = content.status();
        if (status == NO_CONTENT) {
            return new Reply.Acknowledged();
        }
        boolean isRefusal = switch (status) {
            case 404, 409 -> true;
            case Problems.INSUFFICIENT_STORAGE ->
                message instanceof Message.Write || message instanceof Message.CommitOnePhase;
            default -> false;
        };
        if (!isRefusal) {
            boolean isSuccess = status >= 200 && status < 300;
            String detail = isSuccess
                    ? String.format(Locale.ROOT, "it answered %d instead of 204", status)
                    : content.detail().get();
            return reportUnexpected(target, message, status, detail, isSuccess ? ADVICE_NO_CONTENT : null);
        }
        // A failed write marks the transaction for rollback in any case, so its refusal need not be a problem document.
        if (message instanceof Message.Write ? content.hasNonJsonType() : !isOwnRefusal(target, message, content)) {
            return reportUnexpected(
                    target,
                    message,
                    status,
                    content.detail().get() + " (not a problem document of this transaction)",
                    ADVICE_PROBLEM);
        }
        return switch (status) {
            case 404 -> new Reply.NotFound(content.detail().get());
            case 409 -> new Reply.Conflict(content.detail().get());
            default -> new Reply.NoRoom(content.detail().get());
        };
    }

    /** Whether this is a refusal by the resource manager itself, and not by a proxy or for another transaction. */
    private static boolean isOwnRefusal(Registration target, Message message, Content content) {
        return content.mayBeRefusal()
                && !namesOtherTransaction(message, content.document())
                && (namesTransaction(content.document()) || !target.repliesIncludeTransactionId());
    }

    private static boolean namesTransaction(JsonNode document) {
        return document.hasNonNull(TRANSACTION);
    }

    /** Whether the document names a transaction other than that of the message. */
    private static boolean namesOtherTransaction(Message message, JsonNode document) {
        String named = document.path(TRANSACTION).textValue();
        return namesTransaction(document)
                && !(named != null
                        && TransactionId.parse(named)
                                .filter(message.id()::equals)
                                .isPresent());
    }

    /** Logs an unexpected answer, and returns the reply that replaces it. */
    private Reply reportUnexpected(
            Registration target, Message message, int status, String detail, @Nullable String advice) {
        unexpectedAnswers.report(
                target,
                UnexpectedAnswers.messageName(message),
                status + (advice == null ? "" : " " + advice),
                detail,
                advice);
        return new Reply.ProtocolError(detail);
    }

    /** Returns the reply for a call that failed. */
    static Reply fromFailure(Throwable failure) {
        String detail = Clients.describe(failure);
        return switch (Clients.classify(failure)) {
            case UNREACHABLE -> new Reply.Unreachable(detail);
            case MALFORMED -> new Reply.ProtocolError(detail);
            // The message may have been sent, so it is unknown whether it was processed.
            case TIMEOUT, ERROR -> new Reply.NoAnswer(detail);
        };
    }

    /**
     * Reads the replies to a batch, in the order of the messages. A reply is empty if it is not available yet (202).
     * Returns an empty list if the response does not contain one reply for each message; it is then safe to resend each
     * message separately.
     */
    List<Optional<Reply>> readBatch(Registration target, List<Message> messages, HttpAnswer answer) {
        if (isUnavailable(answer.status())) {
            // Resending the messages would only increase its load.
            Reply unavailable = new Reply.Unavailable(describe(answer), parseRetryAfter(answer));
            return createReplies(messages, unavailable, unavailable);
        }
        if (answer.status() == Problems.MISDIRECTED) {
            Reply misdirected = reportUnexpected(target, messages.getFirst(), answer.status(), describe(answer), null);
            return createReplies(messages, misdirected, misdirected);
        }
        JsonNode document = answer.status() == 200 && answer.hasMediaType(JSON) ? parse(answer.body()) : null;
        JsonNode answers = document == null ? MissingNode.getInstance() : document.path("answers");
        if (!answers.isArray() || answers.size() != messages.size()) {
            unexpectedAnswers.report(
                    target, "a batch", Integer.toString(answer.status()), describe(answer), ADVICE_BATCH);
            return List.of();
        }
        List<Optional<Reply>> replies = new ArrayList<>(messages.size());
        for (int i = 0; i < messages.size(); i++) {
            replies.add(readElement(target, messages.get(i), answers.get(i)));
        }
        return replies;
    }

    /** Returns {@code vote} for each prepare message, and {@code other} for all other messages. */
    static List<Optional<Reply>> createReplies(List<Message> messages, Reply vote, Reply other) {
        return messages.stream()
                .map(message -> Optional.of(message instanceof Message.Prepare ? vote : other))
                .toList();
    }

    private Optional<Reply> readElement(Registration target, Message message, JsonNode element) {
        int status = element.path("status").isInt() ? element.path("status").intValue() : 0;
        if (namesOtherTransaction(message, element)
                || (!namesTransaction(element) && target.repliesIncludeTransactionId())) {
            String detail = "its answer in a batch does not name the transaction";
            return Optional.of(reportUnexpected(target, message, status, detail, ADVICE_BATCH));
        }
        if (status == ACCEPTED) {
            return Optional.empty();
        }
        if (isUnavailable(status)) {
            return Optional.of(new Reply.Unavailable(describe(status, findErrorText(element))));
        }
        if (!(message instanceof Message.Prepare)) {
            Supplier<String> detail = () -> describe(status, findErrorText(element));
            return Optional.of(readReply(target, message, new Content(status, true, false, element, detail)));
        }
        return Optional.of(
                status == 200
                        ? readVote(target, message, element)
                        : reportUnexpected(
                                target,
                                message,
                                status,
                                describeMissingVote(status, findErrorText(element)),
                                ADVICE_VOTE));
    }

    private static boolean isUnavailable(int status) {
        return status == UNAVAILABLE || status == TOO_MANY_REQUESTS;
    }

    /**
     * Returns the delay in {@code Retry-After}, limited to {@link #RETRY_AFTER_MAX}; null if it is absent or invalid.
     */
    private @Nullable Duration parseRetryAfter(HttpAnswer answer) {
        if (answer.retryAfter() == null) {
            return null;
        }
        String text = answer.retryAfter().strip();
        Duration delay;
        try {
            delay = text.matches("\\d{1,9}")
                    ? Duration.ofSeconds(Integer.parseInt(text))
                    : Duration.between(time.now(), Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text)));
        } catch (DateTimeException | ArithmeticException _) {
            return null;
        }
        if (!delay.isPositive()) {
            return null;
        }
        return delay.compareTo(RETRY_AFTER_MAX) < 0 ? delay : RETRY_AFTER_MAX;
    }

    private static String describeMissingVote(int status, String text) {
        return String.format(Locale.ROOT, "it answered %d instead of a vote", status)
                + (text.isEmpty() ? "" : ": " + singleLine(text));
    }

    /** Describes a response, with its error text if it contains one. */
    private String describe(HttpAnswer answer) {
        String text = findErrorText(answer);
        if (!text.isEmpty() || answer.hasMediaType(PROBLEM)) {
            return describe(answer.status(), text);
        }
        String mediaType = mediaType(answer);
        return "it answered " + answer.status() + (mediaType.isEmpty() ? "" : " as " + mediaType);
    }

    private static String describe(int status, String text) {
        return "it answered " + status + (text.isEmpty() ? "" : ": " + singleLine(text));
    }

    /** Returns the error text of a response; empty if there is none. */
    private String findErrorText(HttpAnswer answer) {
        if (answer.hasMediaType(TEXT)) {
            return answer.body().toString(StandardCharsets.UTF_8).strip();
        }
        JsonNode document = answer.hasMediaType(PROBLEM) || answer.hasMediaType(JSON) ? parse(answer.body()) : null;
        return document == null ? "" : findErrorText(document);
    }

    private static String findErrorText(JsonNode document) {
        for (String member : ERROR_TEXTS) {
            String text = document.path(member).textValue();
            if (text != null && !text.isBlank()) {
                return text.strip();
            }
        }
        return "";
    }

    private static String mediaType(HttpAnswer answer) {
        return PlainText.singleLine(answer.mediaType(), MEDIA_TYPE_CHARS_MAX);
    }

    /** Parses JSON in UTF-8, with or without a byte order mark. Returns null if it is not well-formed. */
    private @Nullable JsonNode parse(Buffer body) {
        try {
            return mapper.readTree(body.getBytes());
        } catch (IOException _) {
            return null;
        }
    }

    private static String reasonOrDefault(String text) {
        String line = singleLine(text);
        return line.isBlank() ? "it gave no reason" : line;
    }

    private static String singleLine(String text) {
        return PlainText.singleLine(text, REASON_CHARS_MAX);
    }
}
