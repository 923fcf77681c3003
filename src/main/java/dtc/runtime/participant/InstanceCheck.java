package dtc.runtime.participant;

import dtc.protocol.Ballot;
import dtc.protocol.JsonText;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.resource.ResourceEffect;
import dtc.resource.ResourceEffect.CommitAnswer;
import dtc.resource.ResourceEffect.RollbackAnswer;
import dtc.resource.ResourceEffect.WriteAnswer;
import dtc.resource.ResourceEvent;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Answers messages that are addressed to an earlier instance of a resource manager. The staged and prepared writes of
 * that instance are lost, so only rollbacks are carried out.
 */
public final class InstanceCheck implements HostedParticipant {

    private final HostedParticipant current;

    private InstanceCheck(HostedParticipant current) {
        this.current = current;
    }

    /**
     * Returns the participant that answers a message.
     *
     * @param targetInstance the instance that the message is addressed to; null if not specified
     */
    public static HostedParticipant of(HostedParticipant current, @Nullable String targetInstance) {
        return targetInstance == null
                        || targetInstance.equals(current.instance().toString())
                ? current
                : new InstanceCheck(current);
    }

    @Override
    public CompletionStage<WriteAnswer> write(ResourceEvent.Write write) {
        return CompletableFuture.completedFuture(
                new ResourceEffect.WriteRefused(write.id(), "the message is for an earlier instance"));
    }

    @Override
    public CompletionStage<Progress<Ballot>> prepare(ResourceEvent.Prepare prepare) {
        return CompletableFuture.completedFuture(
                new Progress.Done<>(Ballot.abort("the staged writes were lost in a restart")));
    }

    @Override
    public CompletionStage<Progress<CommitAnswer>> commit(ResourceEvent.Commit commit) {
        return CompletableFuture.completedFuture(new Progress.Done<>(new ResourceEffect.Unknown(commit.id())));
    }

    /**
     * Rolls back, so that later messages of the transaction are refused. The answer is not "rolled back", since the
     * earlier instance may have committed in one phase.
     */
    @Override
    public CompletionStage<RollbackAnswer> rollback(TransactionId transaction) {
        return current.rollback(transaction)
                .thenApply(answer ->
                        answer instanceof ResourceEffect.RolledBack ? new ResourceEffect.Unknown(transaction) : answer);
    }

    // Methods that do not depend on the instance

    @Override
    public String id() {
        return current.id();
    }

    @Override
    public UUID instance() {
        return current.instance();
    }

    @Override
    public CompletionStage<Identity> identity() {
        return current.identity();
    }

    @Override
    public boolean isAvailable() {
        return current.isAvailable();
    }

    @Override
    public CompletionStage<@Nullable Void> start() {
        return current.start();
    }

    @Override
    public CompletionStage<@Nullable Void> close() {
        return current.close();
    }

    @Override
    public CompletionStage<Optional<JsonText>> entry(String key) {
        return current.entry(key);
    }

    @Override
    public CompletionStage<SequencedMap<String, JsonText>> entries(@Nullable String after, int limit) {
        return current.entries(after, limit);
    }

    @Override
    public CompletionStage<SortedMap<TransactionId, State>> openTransactions(int limit) {
        return current.openTransactions(limit);
    }

    @Override
    public Statistics statistics() {
        return current.statistics();
    }

    @Override
    public CompletionStage<@Nullable Void> drain() {
        return current.drain();
    }
}
