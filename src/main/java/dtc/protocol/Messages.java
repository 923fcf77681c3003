package dtc.protocol;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The bodies of both HTTP interfaces. What a caller sends may lack anything, and is checked at the edge; what we send
 * is whole.
 */
public final class Messages {

    private Messages() {}

    // Client -> coordinator

    /** Of {@code POST /transactions}. */
    public record BeginRequest(
            @Nullable Long timeoutMillis,
            @Nullable List<WriteRequest> writes,
            @Nullable Boolean autoCommit) {}

    /** Of {@code POST /transactions/{id}/writes}, and each of {@link BeginRequest#writes}. */
    public record WriteRequest(
            @Nullable String resourceManager,
            @Nullable String key,
            @Nullable JsonText value) {}

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

    /** {@code next} is the {@code after} of the next page; null on the last. */
    public record TransactionPage(
            List<TransactionDocument> items, @Nullable String next) {}

    public record OutcomeDocument(Outcome outcome) {}

    // Resource manager -> coordinator

    /** Of {@code PUT /resource-managers/{id}}. */
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

    public record StageRequest(
            @Nullable String key, @Nullable JsonText value) {}

    /** A write that travels along with the request for a vote. */
    public record CarriedWrite(
            @Nullable Integer sequence,
            @Nullable String key,
            @Nullable JsonText value) {}

    /** Of {@code POST {url}/transactions/{id}/prepare}, where writes travel along; otherwise it has no body. */
    public record PrepareRequest(@Nullable List<CarriedWrite> writes) {}

    /** Of {@code POST {url}/batch}. */
    public record BatchRequest(@Nullable List<BatchMessage> messages) {}

    /** What would be a request of its own; what a type does not need is absent. */
    public record BatchMessage(
            @Nullable MessageType type,
            @Nullable String transaction,
            @Nullable Integer sequence,
            @Nullable String key,
            @Nullable JsonText value,
            @Nullable List<CarriedWrite> writes) {}

    public enum MessageType {
        WRITE,
        PREPARE,
        COMMIT,
        ROLLBACK
    }

    /** One answer for each message, in their order. */
    public record BatchReply(List<BatchAnswer> answers) {}

    /** {@code status} as it would be alone; 202 where it has to wait for something, and is to be asked alone. */
    public record BatchAnswer(
            int status, @Nullable Vote vote, @Nullable String reason) {}

    public record VoteDocument(Vote vote, @Nullable String reason) {}

    /** A transaction that is staged ({@code ACTIVE}) or in doubt ({@code PREPARED}) at a resource manager. */
    public record OpenTransaction(String id, State state) {}

    public record OpenTransactionList(List<OpenTransaction> items) {}

    public record EntryDocument(String key, JsonText value) {}

    /** {@code next} is the {@code after} of the next page; null on the last. */
    public record EntryPage(
            List<EntryDocument> items, @Nullable String next) {}
}
