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
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A resource manager of this process, as its HTTP interface sees it. Methods do not block and may be called from any
 * thread.
 *
 * <p>A stage completes once everything that the answer depends on is stored. It fails only if the answer is unknown;
 * refusals are values. Messages take effect in the order of the calls.
 */
public interface HostedParticipant {

    /**
     * An answer, or the fact that the transaction waits for a key that another transaction holds. A stage of this type
     * does not wait for keys, only for storage. So a batch can wait for its stages and still does not wait for another
     * transaction.
     */
    sealed interface Progress<T> {

        record Done<T>(T answer) implements Progress<T> {}

        /** {@code answer} completes once the key is released or the transaction has waited too long. */
        record Blocked<T>(CompletionStage<T> answer) implements Progress<T> {}

        /** The answer, after any wait for keys. */
        static <T> CompletionStage<T> answer(CompletionStage<Progress<T>> stage) {
            return stage.thenCompose(progress -> switch (progress) {
                case Done<T>(T answer) -> CompletableFuture.completedFuture(answer);
                case Blocked<T>(CompletionStage<T> answer) -> answer;
            });
        }
    }

    /**
     * Figures for metrics.
     *
     * @param stagedTransactions transactions that have not ended
     * @param oldestInDoubt how long the oldest transaction has been in doubt; zero if there is none
     */
    record Statistics(int stagedTransactions, int lockedKeys, long lockConflicts, Duration oldestInDoubt) {}

    String id();

    /** Changes when prepared transactions are lost, for example at each start if nothing is stored. */
    UUID instance();

    // Messages

    CompletionStage<WriteAnswer> write(ResourceEvent.Write write);

    /** Stages {@code writes}, then votes. A repeated prepare gets the same vote. */
    CompletionStage<Progress<Ballot>> prepare(TransactionId transaction, List<ResourceEvent.Write> writes);

    /** Without a vote before it, votes and commits in one phase. */
    CompletionStage<Progress<CommitAnswer>> commit(TransactionId transaction);

    CompletionStage<RollbackAnswer> rollback(TransactionId transaction);

    // Reads

    /** The committed value of a key. */
    CompletionStage<Optional<JsonText>> entry(String key);

    /**
     * At most {@code limit} committed entries, sorted by key. Starts after the key {@code after}, if it is not null.
     */
    CompletionStage<SortedMap<String, JsonText>> entries(@Nullable String after, int limit);

    /** At most {@code limit} transactions that have not ended, oldest first: PREPARED if in doubt, else ACTIVE. */
    CompletionStage<SortedMap<TransactionId, State>> openTransactions(int limit);

    Statistics statistics();

    /**
     * Prepares for a shutdown: refuses new writes and discards transactions that have not been asked to vote. Completes
     * when no transaction is left.
     */
    CompletionStage<Void> drain();
}
