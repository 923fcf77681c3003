package dtc.rest;

import dtc.protocol.Condition;
import dtc.protocol.JsonText;
import dtc.protocol.Messages.BatchMessage;
import dtc.protocol.Messages.BatchRequest;
import dtc.protocol.Messages.BeginRequest;
import dtc.protocol.Messages.PrepareRequest;
import dtc.protocol.Messages.PrepareWrite;
import dtc.protocol.Messages.WriteCondition;
import dtc.protocol.Messages.WriteRequest;
import dtc.protocol.PlainText;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.protocol.Update;
import dtc.resource.ResourceEvent;
import dtc.rest.Problems.Violation;
import dtc.runtime.coordinator.ClientWrite;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Validates requests and converts them to protocol types, or throws a problem that lists all violations. Bean
 * Validation is not used, because most limits are configured at run time and each field would be checked twice, in
 * validation and in conversion.
 */
public final class RequestValidator {

    /**
     * Limits of a request.
     *
     * @param keyCharsMax characters of a key
     * @param valueCharsMax characters of the JSON text of a value
     * @param writesMax writes of a transaction, and so of a request
     * @param timeoutMax the longest timeout that a client may set
     * @param pageMax items on one page of a list
     */
    public record Limits(int keyCharsMax, int valueCharsMax, int writesMax, Duration timeoutMax, int pageMax) {}

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?");
    public static final String NAME_RULE =
            "must be 1 to 63 letters, digits, '.', '_' or '-', with a letter or digit at both ends";
    private static final Set<String> SCHEMES = Set.of("http", "https");
    /** The path of a URL. No segment may be {@code .} or {@code ..}. */
    private static final Pattern PATH = Pattern.compile("(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?");

    private static final Pattern IDEMPOTENCY_KEY = Pattern.compile("[\\x21-\\x7e]{1,255}");

    private static final int URL_CHARS_MAX = 2048;
    private static final int REASON_CHARS_MAX = 500;
    /** The maximum number of messages in one request. */
    public static final int BATCH_MAX = 256;

    private final Limits limits;
    private final List<Violation> violations = new ArrayList<>();

    RequestValidator(Limits limits) {
        this.limits = limits;
    }

    /** Throws a problem with all violations found so far, if there are any. */
    void throwIfInvalid() {
        if (!violations.isEmpty()) {
            throw Problems.invalidInput(List.copyOf(violations));
        }
    }

    private void addViolation(String field, String message) {
        violations.add(new Violation(field, message));
    }

    TransactionId validateTransactionId(String field, String text) {
        Optional<TransactionId> id = TransactionId.parse(text);
        if (id.isEmpty()) {
            addViolation(field, "must be a UUID");
            throwIfInvalid();
        }
        // A resource manager that forgets the outcome of an id refuses all older ids.
        if (id.orElseThrow().isTimeOrdered() && id.get().timeMillis() >= TransactionId.TIME_MILLIS_MAX) {
            addViolation(field, "must not contain a time after the year 6428");
            throwIfInvalid();
        }
        return id.get();
    }

    @Nullable
    Duration validateTimeout(@Nullable BeginRequest request) {
        if (request == null || request.timeoutMillis() == null) {
            return null;
        }
        long millis = request.timeoutMillis();
        if (millis < 1 || millis > limits.timeoutMax().toMillis()) {
            addViolation(
                    "timeoutMillis", "must be from 1 to " + limits.timeoutMax().toMillis());
        }
        return Duration.ofMillis(millis);
    }

    /** Validates the reason that is given for an action. */
    String validateReason(@Nullable String reason) {
        if (reason == null || reason.isBlank()) {
            addViolation("reason", "must not be missing or blank");
            return "";
        }
        if (reason.length() > REASON_CHARS_MAX) {
            addViolation("reason", "must not have more than " + REASON_CHARS_MAX + " characters");
        }
        return PlainText.singleLine(reason, REASON_CHARS_MAX);
    }

    List<ClientWrite> validateWrites(@Nullable BeginRequest request) {
        if (request == null || request.writes() == null) {
            return List.of();
        }
        List<WriteRequest> requests = request.writes();
        if (requests.size() > limits.writesMax()) {
            addViolation("writes", "must have at most " + limits.writesMax() + " elements");
            return List.of();
        }
        List<ClientWrite> writes = new ArrayList<>(requests.size());
        for (int i = 0; i < requests.size(); i++) {
            writes.add(validateWrite("writes[" + i + "].", requests.get(i)));
        }
        return writes;
    }

    ClientWrite validateWrite(String prefix, @Nullable WriteRequest request) {
        if (request == null) {
            addViolation(prefix.isEmpty() ? "body" : prefix.replaceFirst("\\.$", ""), "must not be missing");
            return new ClientWrite("", "", new JsonText("null"));
        }
        return new ClientWrite(
                validateName(prefix + "resourceManager", request.resourceManager()),
                validateKey(prefix + "key", request.key()),
                validateUpdate(prefix, request.value(), request.delete(), request.condition()),
                validateCondition(prefix, request.condition()));
    }

    /**
     * Converts a write to a resource manager. {@code sequence} is null or 0 if the caller does not number its writes.
     */
    ResourceEvent.Write validateStagedWrite(
            String prefix,
            TransactionId id,
            @Nullable Integer sequence,
            @Nullable String key,
            @Nullable JsonText value,
            @Nullable Boolean delete,
            @Nullable WriteCondition condition) {
        int number = sequence == null ? 0 : sequence;
        if (number < 0) {
            addViolation(prefix + "sequence", "must be a positive number");
        }
        return new ResourceEvent.Write(
                id,
                Math.max(number, 0),
                validateKey(prefix + "key", key),
                validateUpdate(prefix, value, delete, condition),
                validateCondition(prefix, condition));
    }

    private Update validateUpdate(
            String prefix, @Nullable JsonText value, @Nullable Boolean delete, @Nullable WriteCondition condition) {
        boolean deletes = delete != null && delete;
        if (deletes && value != null) {
            addViolation(prefix + "delete", "must not be combined with value");
        }
        if (deletes) {
            return new Update.Delete();
        }
        return value == null && condition != null
                ? new Update.None()
                : new Update.Put(validateValue(prefix + "value", value));
    }

    private @Nullable Condition validateCondition(String prefix, @Nullable WriteCondition condition) {
        if (condition == null) {
            return null;
        }
        if (condition.absent() != null && !condition.absent()) {
            addViolation(prefix + "if.absent", "must be true");
        }
        if ((condition.value() == null) == (condition.absent() == null)) {
            addViolation(prefix + "if", "must have either value or absent");
        }
        return condition.value() == null
                ? new Condition.Absent()
                : new Condition.HasValue(validateValue(prefix + "if.value", condition.value()));
    }

    /** Converts the writes of a prepare. */
    List<ResourceEvent.Write> validatePrepareWrites(TransactionId id, @Nullable PrepareRequest request) {
        if (request == null || request.writes() == null) {
            return List.of();
        }
        List<PrepareWrite> requested = request.writes();
        if (requested.size() > limits.writesMax()) {
            addViolation("writes", "must have at most " + limits.writesMax() + " elements");
            return List.of();
        }
        List<ResourceEvent.Write> writes = new ArrayList<>(requested.size());
        for (int i = 0; i < requested.size(); i++) {
            PrepareWrite write = requested.get(i);
            String prefix = "writes[" + i + "].";
            if (write == null) {
                addViolation(prefix, "must not be null");
            } else {
                writes.add(validateStagedWrite(
                        prefix, id, write.sequence(), write.key(), write.value(), write.delete(), write.condition()));
            }
        }
        return writes;
    }

    List<BatchMessage> validateMessages(@Nullable BatchRequest request) {
        if (request == null || request.messages() == null) {
            addViolation("messages", "must not be missing");
            return List.of();
        }
        if (request.messages().size() > BATCH_MAX) {
            addViolation("messages", "must have at most " + BATCH_MAX + " elements");
        }
        if (request.messages().contains(null)) {
            addViolation("messages", "must not contain null");
        }
        return request.messages();
    }

    public static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    String validateName(String field, @Nullable String text) {
        if (text == null || !isName(text)) {
            addViolation(field, NAME_RULE);
            return "";
        }
        return text;
    }

    String validateKey(String field, @Nullable String text) {
        if (text == null || text.isEmpty()) {
            addViolation(field, "must not be missing or empty");
            return "";
        }
        if (text.length() > limits.keyCharsMax()) {
            addViolation(
                    field, String.format(Locale.ROOT, "must be no longer than %d characters", limits.keyCharsMax()));
        }
        if (text.chars().anyMatch(c -> c < 0x20 || c == 0x7f)) {
            addViolation(field, "must not contain control characters");
        }
        checkSurrogates(field, text);
        if (text.equals(".") || text.equals("..")) {
            addViolation(field, "must not be '.' or '..', which cannot be part of a path");
        }
        return text;
    }

    JsonText validateValue(String field, @Nullable JsonText json) {
        if (json == null) {
            addViolation(field, "must not be missing (null is a value)");
            return new JsonText("null");
        }
        if (json.text().length() > limits.valueCharsMax()) {
            addViolation(
                    field, String.format(Locale.ROOT, "must be no longer than %d characters", limits.valueCharsMax()));
        }
        checkSurrogates(field, json.text());
        return json;
    }

    /** Rejects unpaired surrogates, which cannot be encoded in UTF-8 and would be replaced silently. */
    private void checkSurrogates(String field, String text) {
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            if (Character.getType(text.codePointAt(i)) == Character.SURROGATE) {
                addViolation(field, "must not contain unpaired surrogates");
                return;
            }
        }
    }

    /** Returns the idempotency key; null if there is none. {@code values} are those of all headers of this name. */
    @Nullable
    String validateIdempotencyKey(List<String> values) {
        if (values.isEmpty()) {
            return null;
        }
        if (values.size() > 1) {
            addViolation(Headers.IDEMPOTENCY_KEY, "must not be repeated");
        } else if (!IDEMPOTENCY_KEY.matcher(values.getFirst()).matches()) {
            addViolation(Headers.IDEMPOTENCY_KEY, "must be 1 to 255 visible ASCII characters");
        }
        return values.getFirst();
    }

    int validatePageSize(@Nullable String text) {
        if (text == null) {
            return Math.min(100, limits.pageMax());
        }
        int limit;
        try {
            limit = Integer.parseInt(text);
        } catch (NumberFormatException _) {
            limit = -1;
        }
        if (limit < 1 || limit > limits.pageMax()) {
            addViolation("limit", "must be from 1 to " + limits.pageMax());
        }
        return limit;
    }

    int validateSequence(String text) {
        return validateNumber(Headers.WRITE_SEQUENCE, text);
    }

    @Nullable
    Integer validateWriteCount(@Nullable String text) {
        return text == null ? null : validateNumber(Headers.WRITE_COUNT, text);
    }

    private int validateNumber(String field, String text) {
        try {
            int number = Integer.parseInt(text);
            if (number > 0) {
                return number;
            }
        } catch (NumberFormatException _) {
            // reported below
        }
        addViolation(field, "must be a positive number");
        return 0;
    }

    /** Converts the {@code writeCount} of a message in a batch. */
    @Nullable
    Integer validateWriteCount(@Nullable Integer count) {
        if (count != null && count < 1) {
            addViolation("writeCount", "must be a positive number");
        }
        return count;
    }

    @Nullable
    State validateState(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return null;
        }
        for (State state : State.values()) {
            if (state.name().equals(text)) {
                return state;
            }
        }
        addViolation("state", "must be one of " + Arrays.toString(State.values()));
        return null;
    }

    UUID validateInstance(@Nullable String text) {
        return validateUuid("instance", text);
    }

    UUID validateUuid(String field, @Nullable String text) {
        Optional<TransactionId> uuid = text == null ? Optional.empty() : TransactionId.parse(text);
        if (uuid.isEmpty()) {
            addViolation(field, "must be a UUID");
            return new UUID(0, 0);
        }
        return uuid.get().value();
    }

    /** Checks that the URL is a plain {@code http(s)://host[:port][/path]}, and removes a trailing slash. */
    String validateUrl(@Nullable String text) {
        if (text == null || text.length() > URL_CHARS_MAX || !isPlainUrl(text)) {
            addViolation("url", "must be a plain http(s)://host[:port][/path]");
            return "";
        }
        return text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
    }

    public static boolean hasHttpScheme(URI uri) {
        return SCHEMES.contains(String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT));
    }

    private static boolean isPlainUrl(String text) {
        try {
            URI uri = new URI(text);
            String path = uri.getRawPath();
            return hasHttpScheme(uri)
                    && uri.getHost() != null
                    && uri.getRawUserInfo() == null
                    && uri.getRawQuery() == null
                    && uri.getRawFragment() == null
                    && uri.getPort() != 0
                    && uri.getPort() <= 65_535
                    && !uri.getRawAuthority().endsWith(":")
                    && PATH.matcher(path == null ? "" : path).matches();
        } catch (URISyntaxException _) {
            return false;
        }
    }
}
