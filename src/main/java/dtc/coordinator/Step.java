package dtc.coordinator;

import dtc.coordinator.CoordinatorEffect.Persist;
import java.util.ArrayList;
import java.util.List;
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

    Step withEffect(Persist last) {
        List<CoordinatorEffect> all = new ArrayList<>(effects);
        all.add(last);
        return new Step(transaction, all, write);
    }
}
