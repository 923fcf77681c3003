package dtc.runtime.participant;

import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.resource.ResourceEffect.CommitAnswer;
import dtc.resource.ResourceEffect.RollbackAnswer;
import dtc.resource.ResourceEffect.WriteAnswer;
import dtc.resource.ResourceEvent;
import java.time.Duration;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A resource manager that is hosted in this process. Methods are non-blocking and thread-safe.
 *
 * <p>A stage completes once everything that the answer depends on is stored. It fails only if the answer is unknown,
 * with a {@link StoreException} if the storage is not available. Refusals are values. Messages are applied in the order
 * of the calls.
 */
public interface HostedParticipant {

    /**
     * An answer, or the information that the transaction waits for a key locked by another transaction. A stage of this
     * type waits only for storage, not for keys, so a batch does not wait for other transactions.
     */
    sealed interface Progress<T> {

        record Done<T>(T answer) implements Progress<T> {}

        /** {@code answer} completes once the key is released or the transaction has waited too long. */
        record Blocked<T>(CompletionStage<T> answer) implements Progress<T> {}

        /** Returns the answer, after waiting for keys if necessary. */
        static <T> CompletionStage<T> awaitAnswer(CompletionStage<Progress<T>> stage) {
            return stage.thenCompose(progress -> switch (progress) {
                case Done<T>(T answer) -> CompletableFuture.completedFuture(answer);
                case Blocked<T>(CompletionStage<T> answer) -> answer;
            });
        }
    }

    /**
     * Statistics for metrics.
     *
     * @param stagedTransactions transactions that have not ended
     * @param oldestInDoubt how long the oldest transaction has been in doubt; zero if there is none
     * @param rememberedOutcomes outcomes of ended transactions that are kept
     * @param evictedEarly outcomes that were not kept for the configured time, because there were too many
     */
    record Statistics(
            int stagedTransactions,
            int lockedKeys,
            long lockConflicts,
            Duration oldestInDoubt,
            int rememberedOutcomes,
            long evictedEarly) {}

    String id();

    /**
     * Opens the storage. Must be called first. Fails with a {@link StoreException} if the storage is unusable, or does
     * not become available in time.
     */
    CompletionStage<@Nullable Void> start();

    /**
     * Identifies the state. Changes when prepared transactions are lost. If the state is not stored, it changes at each
     * start. Otherwise it is stored too, and changes only if data was lost or restored from a backup.
     */
    UUID instance();

    /**
     * The state that a registration reports.
     *
     * @param newestEvicted the newest transaction whose outcome was forgotten; null if there is none. Unknown
     *     transactions that are not newer are refused, because they may also have been forgotten.
     */
    record Identity(UUID instance, @Nullable TransactionId newestEvicted) {}

    /** Completes if no other process has taken over this resource manager. */
    CompletionStage<Identity> identity();

    /** Whether the storage is open. */
    boolean isAvailable();

    // Messages

    CompletionStage<WriteAnswer> write(ResourceEvent.Write write);

    /** Stages the writes of the prepare, then votes. A repeated prepare gets the same vote. */
    CompletionStage<Progress<Ballot>> prepare(ResourceEvent.Prepare prepare);

    /** Commits. Without a prior vote, votes and commits in one phase. */
    CompletionStage<Progress<CommitAnswer>> commit(ResourceEvent.Commit commit);

    CompletionStage<RollbackAnswer> rollback(TransactionId transaction);

    // Reads

    /** Returns the committed value of a key. */
    CompletionStage<Optional<JsonText>> entry(String key);

    /**
     * Returns at most {@code limit} committed entries, in the order of the Unicode code points of their keys, starting
     * after {@code after} if not null.
     */
    CompletionStage<SequencedMap<String, JsonText>> entries(@Nullable String after, int limit);

    /** Returns at most {@code limit} open transactions, oldest first: PREPARED if in doubt, else ACTIVE. */
    CompletionStage<SortedMap<TransactionId, State>> openTransactions(int limit);

    Statistics statistics();

    /**
     * Prepares for shutdown: refuses new writes and discards transactions whose vote was not requested. Completes once
     * all transactions have ended.
     */
    CompletionStage<@Nullable Void> drain();

    /** Closes the storage. Called last. */
    CompletionStage<@Nullable Void> close();
}
