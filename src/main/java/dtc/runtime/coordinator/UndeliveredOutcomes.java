package dtc.runtime.coordinator;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Participant;
import dtc.coordinator.Transaction;
import dtc.protocol.Refusal;
import dtc.protocol.Refusal.Kind;
import dtc.protocol.Resolution;
import dtc.protocol.State;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;

/** Outcomes that participants have not acknowledged, and that an operator may give up. */
public final class UndeliveredOutcomes {

    private final HeldLogs logs;
    private final TransactionStore store;
    private final TransactionDriver driver;
    private final Waiters waiters;

    UndeliveredOutcomes(HeldLogs logs, TransactionStore store, TransactionDriver driver, Waiters waiters) {
        this.logs = logs;
        this.store = store;
        this.driver = driver;
        this.waiters = waiters;
    }

    /**
     * Stops the delivery of the outcome to a participant. If the outcome is commit, the transaction becomes heuristic.
     * The decision does not change: the commit is delivered once more when the participant registers or sends an
     * inquiry. Idempotent.
     */
    public CompletionStage<Answer<Transaction>> giveUp(
            TransactionId id, String resourceManager, Resolution resolution) {
        return applyTo(id, resourceManager, new CoordinatorEvent.GiveUpRequested(resourceManager, resolution));
    }

    /** Discards a commit that was given up: it is never delivered. */
    public CompletionStage<Answer<Transaction>> discard(TransactionId id, String resourceManager) {
        return applyTo(id, resourceManager, new CoordinatorEvent.DiscardRequested(resourceManager));
    }

    private CompletionStage<Answer<Transaction>> applyTo(
            TransactionId id, String resourceManager, CoordinatorEvent event) {
        TransactionEntry entry = store.find(id);
        if (entry == null) {
            return Answer.refusedStage(logs.absent(id));
        }
        Participant before = entry.transaction().participant(resourceManager);
        if (before == null) {
            return Answer.refusedStage(Refusals.notEnlisted(id, resourceManager));
        }
        driver.apply(entry, event);
        Transaction after = entry.transaction();
        if (entry.isHeld() && before.equals(after.participant(resourceManager))) {
            return waiters.await(entry, WaitCondition.NONE)
                    .thenApply(answer -> Refusals.ifUnchanged(answer, before, resourceManager));
        }
        boolean isDone = event instanceof CoordinatorEvent.DiscardRequested
                ? before.isSettled()
                : before.givenUp() != null || !before.equals(after.participant(resourceManager));
        // A repeated call also waits until the record of the first call is durable.
        boolean isRepeated = before.state() == State.HEURISTIC && entry.hasUnrecordedOutcome();
        if (!isDone && !isRepeated) {
            return Answer.refusedStage(Refusals.wrongState(after, resourceManager));
        }
        // Answered once the record is durable.
        return waiters.await(entry, WaitCondition.NONE);
    }

    /**
     * Gives up all undelivered outcomes to a resource manager. Completes with the number of transactions. This includes
     * transactions that an earlier call gave up and whose records are not durable yet, so that a call that was refused
     * because of them can be repeated.
     */
    public CompletionStage<Answer<Integer>> giveUpAll(String resourceManager, Resolution resolution) {
        return countAll(withUnrecorded(store.undelivered(resourceManager), resourceManager)
                .map(entry -> giveUp(entry.id(), resourceManager, resolution))
                .toList());
    }

    /**
     * Discards every commit to a resource manager that was given up. Completes with the number of transactions, counted
     * as in {@link #giveUpAll}.
     */
    public CompletionStage<Answer<Integer>> discardAll(String resourceManager) {
        return countAll(withUnrecorded(store.givenUp(resourceManager), resourceManager)
                .map(entry -> discard(entry.id(), resourceManager))
                .toList());
    }

    private Stream<TransactionEntry> withUnrecorded(List<TransactionEntry> entries, String resourceManager) {
        return Stream.concat(entries.stream(), store.unrecorded(resourceManager).stream())
                .distinct();
    }

    /**
     * Counts the calls that succeeded. Refused if a record is not durable. Other refusals are skipped, since the
     * transaction changed in the meantime.
     */
    private static CompletionStage<Answer<Integer>> countAll(List<CompletionStage<Answer<Transaction>>> calls) {
        CompletionStage<Answer<Integer>> sum = CompletableFuture.completedFuture(Answer.of(0));
        for (CompletionStage<Answer<Transaction>> call : calls) {
            sum = sum.thenCombine(call, UndeliveredOutcomes::count);
        }
        return sum;
    }

    private static Answer<Integer> count(Answer<Integer> sum, Answer<Transaction> next) {
        if (!(sum instanceof Answer.Given<Integer>(Integer count))) {
            return sum;
        }
        return switch (next) {
            case Answer.Given<Transaction> _ -> Answer.of(count + 1);
            case Answer.Refused<Transaction>(Refusal refusal) ->
                refusal.kind() == Kind.UNDECIDED ? Answer.refused(refusal) : sum;
        };
    }

    /** Number of transactions with a commit that was given up and is neither delivered nor discarded. */
    public int givenUp() {
        return store.givenUpCount();
    }

    /** Resends the commits that were given up, because the resource manager has registered. */
    void participantReturned(String resourceManager) {
        store.givenUp(resourceManager)
                .forEach(entry -> driver.apply(entry, new CoordinatorEvent.ParticipantReturned(resourceManager)));
        driver.delivery().retryNow(resourceManager);
    }

    /** Like {@link #participantReturned(String)}, for one transaction about which a participant inquired. */
    void participantReturned(TransactionId id) {
        TransactionEntry entry = store.find(id);
        if (entry != null && entry.transaction().hasGivenUpParticipant()) {
            for (Participant participant : entry.transaction().participants()) {
                driver.apply(entry, new CoordinatorEvent.ParticipantReturned(participant.resourceManager()));
                driver.delivery().retryNow(participant.resourceManager(), id);
            }
        }
    }
}
