package dtc.participant.http;

import dtc.participant.json.Json;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The response to a {@link MessageRequest}.
 *
 * @param contentType null if there is no body
 */
public record MessageResponse(int status, @Nullable String contentType, String body) {

    private static final String JSON = "application/json";
    private static final String PROBLEM = "application/problem+json";

    static MessageResponse noContent() {
        return new MessageResponse(204, null, "");
    }

    static MessageResponse json(String document) {
        return new MessageResponse(200, JSON, document);
    }

    /** A problem document (RFC 9457). The coordinator accepts a refusal only in this form. */
    public static MessageResponse problem(int status, String detail, @Nullable UUID transaction) {
        Map<String, String> members = new LinkedHashMap<>();
        members.put("type", Json.quoted("about:blank"));
        members.put("title", Json.quoted(detail));
        members.put("status", Integer.toString(status));
        members.put("detail", Json.quoted(detail));
        if (transaction != null) {
            members.put("transaction", Json.quoted(transaction.toString()));
        }
        return new MessageResponse(status, PROBLEM, Json.object(members));
    }
}
