package dtc.participant.http;

import dtc.participant.json.Json;
import dtc.participant.protocol.Reply;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads the messages of the coordinator, and writes the answers in the form that it accepts. Thread-safe. */
public final class MessageHandler {

    private static final int BODY_BYTES_MAX = 1 << 20;
    private static final int LIST_MAX = 1000;

    private static final Pattern MESSAGE = Pattern.compile("/transactions/([^/]+)/(writes|prepare|commit|rollback)");
    private static final Pattern UUID_TEXT = Pattern.compile("\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}");
    private static final String ENTRIES = "/entries";

    private final Messages messages;

    public MessageHandler(Messages messages) {
        this.messages = messages;
    }

    public MessageResponse handle(MessageRequest request) {
        try {
            return switch (request.method()) {
                case "GET" -> get(request.path());
                case "POST" -> post(request);
                default -> MessageResponse.problem(405, "this method is not supported", null);
            };
        } catch (SQLException e) {
            return MessageResponse.problem(503, "the database failed: " + e.getMessage(), null);
        }
    }

    private MessageResponse get(String path) throws SQLException {
        if (path.equals("/transactions")) {
            return items(messages.open(LIST_MAX).entrySet().stream()
                    .map(e -> Json.object(Map.of(
                            "id", Json.quoted(e.getKey()), "state", Json.quoted(e.getValue() ? "PREPARED" : "ACTIVE"))))
                    .collect(Collectors.joining(",")));
        }
        if (messages.hasEntries() && path.equals(ENTRIES)) {
            // Tells that entries can be read. The service has better ways to list its data.
            return items("");
        }
        if (messages.hasEntries() && path.startsWith(ENTRIES + "/")) {
            String key = path.substring(ENTRIES.length() + 1);
            return messages.entry(key)
                    .map(value -> MessageResponse.json(entry(key, value)))
                    .orElseGet(() -> MessageResponse.problem(404, "no such key", null));
        }
        return MessageResponse.problem(404, "no such path", null);
    }

    private static MessageResponse items(String items) {
        return MessageResponse.json("{\"items\":[" + items + "]}");
    }

    private static String entry(String key, String value) {
        Map<String, String> members = new LinkedHashMap<>();
        members.put("key", Json.quoted(key));
        members.put("value", value);
        return Json.object(members);
    }

    private MessageResponse post(MessageRequest request) {
        Matcher path = MESSAGE.matcher(request.path());
        if (!path.matches()) {
            return MessageResponse.problem(404, "no such path", null);
        }
        if (request.body().length > BODY_BYTES_MAX) {
            return MessageResponse.problem(413, "the body has more than " + BODY_BYTES_MAX + " bytes", null);
        }
        UUID id = parseId(path.group(1));
        if (id == null) {
            return MessageResponse.problem(400, "the id of the transaction is not a UUID", null);
        }
        String target = request.header("DTC-Resource-Manager");
        if (target != null && !target.equals(messages.id())) {
            // Another resource manager may have had this address before.
            return MessageResponse.problem(421, "this is the resource manager " + messages.id(), id);
        }
        String instance = request.header("DTC-Instance");
        boolean isOther = instance != null
                && !instance.toLowerCase(Locale.ROOT).equals(messages.instance().toString());
        try {
            return switch (path.group(2)) {
                case "writes" -> write(id, request, isOther);
                case "prepare" ->
                    respond(
                            id,
                            isOther
                                    ? Reply.votedAbort("the message is for another instance")
                                    : messages.prepare(id, number(request, "DTC-Write-Count")));
                case "commit" ->
                    respond(
                            id,
                            isOther
                                    ? new Reply.Unknown("the message is for another instance")
                                    : messages.commit(id, number(request, "DTC-Write-Count")));
                default -> rollback(id, isOther);
            };
        } catch (NumberFormatException e) {
            return MessageResponse.problem(400, "a number in a header is not valid", id);
        }
    }

    /** Carries out the rollback in any case. But it cannot be known what another instance did. */
    private MessageResponse rollback(UUID id, boolean isOther) {
        Reply reply = messages.rollback(id);
        return respond(
                id,
                isOther && reply instanceof Reply.Acknowledged
                        ? new Reply.Unknown("another instance may have committed the transaction")
                        : reply);
    }

    private MessageResponse write(UUID id, MessageRequest request, boolean isOther) {
        if (!messages.hasEntries()) {
            return MessageResponse.problem(409, "this service does not accept writes of the coordinator", id);
        }
        String body = text(request.body());
        Map<String, String> members = body == null ? null : Json.members(body);
        String key = members == null ? null : Json.string(members.get("key"));
        if (body == null || members == null || key == null || key.isEmpty() || !members.containsKey("value")) {
            return MessageResponse.problem(400, "the body is not {\"key\": <text>, \"value\": <JSON>}", id);
        }
        if (members.containsKey("if") || members.containsKey("delete")) {
            return MessageResponse.problem(400, "conditions and deletes are not supported", id);
        }
        if (isOther) {
            return MessageResponse.problem(409, "the message is for another instance", id);
        }
        return respond(id, messages.write(id, number(request, "DTC-Write-Sequence"), body));
    }

    /** Returns null if the bytes are not UTF-8. */
    private static @Nullable String text(byte[] body) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(body))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    /** Returns null if the header is absent. */
    private static @Nullable Integer number(MessageRequest request, String header) {
        String text = request.header(header);
        if (text == null) {
            return null;
        }
        int number = Integer.parseInt(text);
        if (number < 1) {
            throw new NumberFormatException(text);
        }
        return number;
    }

    /** Returns the id of a transaction; null if the text is none. */
    private static @Nullable UUID parseId(String text) {
        return UUID_TEXT.matcher(text).matches() ? UUID.fromString(text) : null;
    }

    private static MessageResponse respond(UUID id, Reply reply) {
        if (reply instanceof Reply.Voted vote) {
            Map<String, String> members = new LinkedHashMap<>();
            members.put("vote", Json.quoted(vote.commit() ? "COMMIT" : "ABORT"));
            if (vote.reason() != null) {
                members.put("reason", Json.quoted(vote.reason()));
            }
            return MessageResponse.json(Json.object(members));
        }
        if (reply instanceof Reply.Unknown unknown) {
            return MessageResponse.problem(404, unknown.reason(), id);
        }
        if (reply instanceof Reply.Conflict conflict) {
            return MessageResponse.problem(409, conflict.reason(), id);
        }
        if (reply instanceof Reply.Unavailable unavailable) {
            return MessageResponse.problem(503, unavailable.reason(), id);
        }
        return MessageResponse.noContent();
    }
}
