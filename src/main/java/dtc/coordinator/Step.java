package dtc.coordinator;

import dtc.coordinator.CoordinatorEffect.Persist;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The result of applying an event.
 *
 * @param write the result for the caller of a write; null if the event does not concern a write or the write was staged
 */
public record Step(
        Transaction transaction,
        List<CoordinatorEffect> effects,
        @Nullable WriteResult write) {

    public Step {
        effects = List.copyOf(effects);
    }

    static Step of(Transaction transaction, CoordinatorEffect... effects) {
        return new Step(transaction, List.of(effects), null);
    }

    static Step of(Transaction transaction, List<CoordinatorEffect> effects) {
        return new Step(transaction, effects, null);
    }

    static Step ofWrite(Transaction transaction, WriteResult result) {
        return new Step(transaction, List.of(), result);
    }

    static Step refuseWrite(Transaction transaction, WriteResult.Reason reason) {
        return ofWrite(transaction, new WriteResult.Refused(reason));
    }

    /** The result of an event that changes nothing and has no effect. */
    public static Step unchanged(Transaction transaction) {
        return new Step(transaction, List.of(), null);
    }

    /** The result of a write to a transaction that cannot accept it. */
    public static Step refuseWrite(Transaction transaction) {
        return refuseWrite(transaction, WriteResult.Reason.WRONG_STATE);
    }

    /**
     * Returns the record that must be stored before the change may be shown if another process may take over the
     * transaction at any time; null if it may be shown at once. That process must not come to another conclusion.
     *
     * <p>Without a stored record, the other process presumes a rollback, or delivers a commit that is stored. So
     * rollbacks and ends of commits need no record. All other conclusions do: the transaction becomes heuristic, an
     * operator gives up, discards or resolves, or a rollback is bound to an idempotency key.
     */
    public @Nullable TransactionRecord conclusion(Transaction before) {
        TransactionRecord newest = null;
        boolean forced = false;
        for (int i = 0; i < effects.size(); i++) {
            if (effects.get(i) instanceof Persist(TransactionRecord record, CoordinatorEffect.Durability durability)) {
                newest = record;
                forced |= durability == CoordinatorEffect.Durability.FORCED;
            }
        }
        boolean isDecision =
                transaction.state() == TransactionState.DECIDING || transaction.state() == TransactionState.DELEGATING;
        boolean becomesHeuristic =
                transaction.state() == TransactionState.HEURISTIC && before.state() != TransactionState.HEURISTIC;
        boolean isResolved = !Objects.equals(before.resolution(), transaction.resolution());
        return (forced && !isDecision) || becomesHeuristic || isResolved ? newest : null;
    }

    Step withEffect(Persist last) {
        List<CoordinatorEffect> all = new ArrayList<>(effects);
        all.add(last);
        return new Step(transaction, all, write);
    }
}
