package dtc.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.protocol.Messages.RegistrationRequest;
import dtc.protocol.Outcome;
import dtc.protocol.PlainText;
import dtc.protocol.TransactionId;
import dtc.runtime.participant.CoordinatorLink;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Sends messages of a resource manager to its coordinator over HTTP. */
public final class HttpCoordinatorLink implements CoordinatorLink {

    private final Supplier<CoordinatorApi> api;
    private final ObjectMapper mapper;
    /** The base URL of this process; {@code /rm/{id}} is appended. */
    private final Supplier<String> advertisedUrl;

    /** Each message calls the suppliers, because the port of this process may be unknown until it listens. */
    public HttpCoordinatorLink(Supplier<CoordinatorApi> api, ObjectMapper mapper, Supplier<String> advertisedUrl) {
        this.api = api;
        this.mapper = mapper;
        this.advertisedUrl = advertisedUrl;
    }

    @Override
    public CompletionStage<Duration> register(
            String id, UUID instance, Set<String> features, @Nullable TransactionId newestEvicted) {
        return api.get()
                .register(
                        id,
                        newestEvicted == null ? null : newestEvicted.toString(),
                        new RegistrationRequest(advertisedUrl.get() + "/rm/" + id, instance.toString(), features))
                .map(response -> {
                    JsonNode lease = readBody(response, 201).path("leaseMillis");
                    if (!lease.canConvertToLong() || lease.asLong() < 1) {
                        throw new IllegalStateException("the coordinator's answer contains no valid lease");
                    }
                    return Duration.ofMillis(lease.asLong());
                })
                .subscribeAsCompletionStage();
    }

    @Override
    public CompletionStage<Void> deregister(String id, UUID instance) {
        return api.get().deregister(id, instance.toString()).replaceWithVoid().subscribeAsCompletionStage();
    }

    @Override
    public CompletionStage<Outcome> outcome(TransactionId id) {
        return api.get()
                .outcome(id.toString())
                .map(response -> switch (readBody(response, 200).path("outcome").asText()) {
                    case "COMMIT" -> Outcome.COMMIT;
                    case "ROLLBACK" -> Outcome.ROLLBACK;
                    case "PENDING" -> Outcome.PENDING;
                    // Unknown outcome: the transaction stays in doubt and the inquiry is retried.
                    default -> throw new IllegalStateException("the coordinator's answer contains no valid outcome");
                })
                .subscribeAsCompletionStage();
    }

    private JsonNode readBody(Response response, int alsoAccepted) {
        int status = response.getStatus();
        JsonNode body = parseJson(response.hasEntity() ? response.readEntity(String.class) : "");
        if (status == 200 || status == alsoAccepted) {
            if (body == null) {
                throw new IllegalStateException("the coordinator's answer is not JSON");
            }
            return body;
        }
        // A problem document contains the reason.
        String detail = body == null ? "" : body.path("detail").asText("");
        throw new IllegalStateException("the coordinator answered " + status
                + (detail.isEmpty() ? "" : ": " + PlainText.singleLine(detail, ReplyReader.REASON_CHARS_MAX)));
    }

    /** Parses JSON. Returns null if it is not well-formed. */
    private @Nullable JsonNode parseJson(String text) {
        try {
            return mapper.readTree(text);
        } catch (JsonProcessingException _) {
            return null;
        }
    }
}
