package dtc.protocol;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Request and response bodies of both HTTP interfaces. All fields of incoming bodies are nullable and are validated by
 * the endpoints. Outgoing bodies are complete. In JSON, {@code condition} is named {@code if}.
 */
public final class Messages {

    private Messages() {}

    // Client -> coordinator

    /** Body of {@code POST /transactions}. */
    public record BeginRequest(
            @Nullable Long timeoutMillis,
            @Nullable List<WriteRequest> writes,
            @Nullable Boolean autoCommit) {}

    /** Body of {@code POST /transactions/{id}/writes}, and element of {@link BeginRequest#writes}. */
    public record WriteRequest(
            @Nullable String resourceManager,
            @Nullable String key,
            @Nullable JsonText value,
            @Nullable Boolean delete,
            @Nullable WriteCondition condition) {}

    /** The member {@code if} of a write: either a value or {@code absent}. */
    public record WriteCondition(
            @Nullable JsonText value, @Nullable Boolean absent) {}

    /** Body of {@code PUT /transactions/{id}/participants/{rm}}. */
    public record EnlistmentRequest(
            @Nullable String instance, @Nullable String request) {}

    public record EnlistmentDocument(String resourceManager, int sequence, Instant expiresAt) {}

    /** Body of {@code POST /transactions/{id}/rollback-only}. */
    public record RollbackOnlyRequest(@Nullable String reason) {}

    public record TransactionDocument(
            String id,
            State state,
            Instant startedAt,
            Instant expiresAt,
            @Nullable Instant decidedAt,
            @Nullable Instant finishedAt,
            @Nullable String reason,
            List<ParticipantDocument> participants) {}

    public record ParticipantDocument(
            String resourceManager,
            State state,
            @Nullable Vote vote,
            @Nullable String reason) {}

    /** A page of transactions. {@code next} is the {@code after} of the next page; null on the last page. */
    public record TransactionPage(
            List<TransactionDocument> items, @Nullable String next) {}

    /** {@code reason} is present if the outcome is PENDING because the coordinator does not know the transaction. */
    public record OutcomeDocument(Outcome outcome, @Nullable String reason) {}

    /** Body of the give-up calls. */
    public record GiveUpRequest(@Nullable String reason) {}

    /** Response to the give-up calls for a resource manager. */
    public record TransactionsCount(int transactions) {}

    // Resource manager -> coordinator

    /** Body of {@code PUT /resource-managers/{id}}. */
    public record RegistrationRequest(
            @Nullable String url,
            @Nullable String instance,
            @Nullable Set<String> features) {}

    public record RegistrationDocument(
            String id,
            String url,
            String instance,
            Set<String> features,
            boolean live,
            long leaseMillis,
            Instant registeredAt,
            Instant renewedAt) {}

    public record RegistrationList(List<RegistrationDocument> items) {}

    // Coordinator -> resource manager

    /** A body that the coordinator sends to a resource manager. */
    public sealed interface ParticipantRequest permits StageRequest, PrepareRequest, BatchRequest {}

    public record StageRequest(
            @Nullable String key,
            @Nullable JsonText value,
            @Nullable Boolean delete,
            @Nullable WriteCondition condition)
            implements ParticipantRequest {}

    /** A write that is sent with the prepare message. */
    public record PrepareWrite(
            @Nullable Integer sequence,
            @Nullable String key,
            @Nullable JsonText value,
            @Nullable Boolean delete,
            @Nullable WriteCondition condition) {}

    /** Body of {@code POST {url}/transactions/{id}/prepare} with writes. A prepare without writes has no body. */
    public record PrepareRequest(@Nullable List<PrepareWrite> writes) implements ParticipantRequest {}

    /** Body of {@code POST {url}/batch}. */
    public record BatchRequest(@Nullable List<BatchMessage> messages) implements ParticipantRequest {}

    /**
     * A message of a batch. Fields that do not apply to its type are absent.
     *
     * @param writeCount for a prepare and a one-phase commit: the number of writes and enlistments
     */
    public record BatchMessage(
            @Nullable MessageType type,
            @Nullable String transaction,
            @Nullable Integer sequence,
            @Nullable String key,
            @Nullable JsonText value,
            @Nullable Boolean delete,
            @Nullable WriteCondition condition,
            @Nullable List<PrepareWrite> writes,
            @Nullable Integer writeCount) {}

    public enum MessageType {
        WRITE,
        PREPARE,
        COMMIT,
        ROLLBACK
    }

    /** One answer per message, in the same order. */
    public record BatchReply(List<BatchAnswer> answers) {}

    /**
     * An answer in a batch. {@code status} is the same as in the response to a separate request, or 202 if the answer
     * is not available yet. After 202, the message must be sent in a separate request. {@code transaction} is the
     * transaction of the message.
     */
    public record BatchAnswer(
            int status,
            @Nullable String transaction,
            @Nullable Vote vote,
            @Nullable String reason) {}

    public record VoteDocument(Vote vote, @Nullable String reason) {}

    /** A transaction that is staged ({@code ACTIVE}) or in doubt ({@code PREPARED}) at a resource manager. */
    public record OpenTransaction(String id, State state) {}

    public record OpenTransactionList(List<OpenTransaction> items) {}

    public record EntryDocument(String key, JsonText value) {}

    /** A page of entries. {@code next} is the {@code after} of the next page; null on the last page. */
    public record EntryPage(
            List<EntryDocument> items, @Nullable String next) {}
}
