package dtc.runtime.participant;

import dtc.protocol.JsonText;
import dtc.protocol.TransactionId;
import dtc.resource.Change;
import dtc.resource.DictionaryState;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The storage of one resource manager: its committed entries, prepared transactions and remembered outcomes.
 *
 * <p>A process owns the storage from {@link #open} until another process, or this one, opens it again. Each opening has
 * a higher epoch. An append of an earlier epoch is never stored once a later {@link #open} has completed.
 *
 * <p>Methods do not block. Their stages fail with a {@link StoreException} only. After any failure of an append, it is
 * unknown whether its changes are stored, and {@link #open} must be called before the next one.
 */
public interface ResourceStore {

    /**
     * The stored state.
     *
     * @param instance identifies the state, see {@link HostedParticipant#instance}
     * @param resolvedByOperator prepared transactions whose coordinator must not be asked for the outcome, because they
     *     were found in data that was restored from a backup
     */
    record Loaded(UUID instance, long epoch, DictionaryState state, Set<TransactionId> resolvedByOperator) {}

    /**
     * Takes over the storage with the next epoch. Fails with {@link StoreException.Kind#FENCED} if this process has
     * opened the storage before and another process has taken it over since.
     */
    CompletionStage<Loaded> open();

    /**
     * Stores changes, all or none. Completes once they are durable. Called one at a time.
     *
     * @param epoch the epoch in which the changes were made. If a later one has begun, nothing is stored.
     * @param changes not empty. May contain several changes of a transaction and several updates of a key; the last one
     *     wins.
     */
    CompletionStage<@Nullable Void> append(long epoch, List<Change> changes);

    /** The maximum number of changes in one append. */
    int batchMax();

    /** How long an append is delayed under load, so that more changes share it. */
    Duration appendDelay();

    /** Completes if the storage has not been opened again since this epoch began. */
    CompletionStage<@Nullable Void> checkEpoch(long epoch);

    /** Returns the committed values of these keys. Keys without a value are omitted. */
    CompletionStage<Map<String, JsonText>> read(Set<String> keys);

    /**
     * Returns at most {@code limit} committed entries, in the order of the Unicode code points of their keys, starting
     * after {@code after} if not null.
     */
    CompletionStage<SequencedMap<String, JsonText>> entries(@Nullable String after, int limit);

    CompletionStage<@Nullable Void> close();
}
