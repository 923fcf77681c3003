package dtc.runtime.coordinator;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Participant;
import dtc.coordinator.Step;
import dtc.coordinator.Transaction;
import dtc.coordinator.TransactionState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An event that was applied to a transaction. The event may have had no effect.
 *
 * @param before null if the transaction was just begun or read from the log
 * @param event null if {@code before} is null
 * @param sinceBeginNanos elapsed time since the transaction was begun or read from the log
 * @param sincePrepareNanos elapsed time since phase one began; zero if it has not begun
 */
public record AppliedEvent(
        @Nullable Transaction before,
        @Nullable CoordinatorEvent event,
        Step step,
        long sinceBeginNanos,
        long sincePrepareNanos) {

    static AppliedEvent initial(Transaction transaction) {
        return new AppliedEvent(null, null, new Step(transaction, List.of(), null), 0, 0);
    }

    public Duration sinceBegin() {
        return Duration.ofNanos(sinceBeginNanos);
    }

    public Duration sincePrepare() {
        return Duration.ofNanos(sincePrepareNanos);
    }

    public Transaction after() {
        return step.transaction();
    }

    public boolean stateChanged() {
        return before != null && before.state() != after().state();
    }

    /** Whether the transaction reached a final state. A transaction that rolled back may still become heuristic. */
    public boolean ended() {
        return stateChanged() && after().state().isFinal();
    }

    public boolean phaseOneEnded() {
        return stateChanged() && before != null && before.state() == TransactionState.PREPARING;
    }

    /** Participants whose vote became known. */
    public List<Participant> voters() {
        if (before == null
                || before.participants().size() != after().participants().size()) {
            return List.of(); // a write added a participant; no vote arrived
        }
        List<Participant> voters = List.of();
        for (int i = 0; i < after().participants().size(); i++) {
            Participant participant = after().participants().get(i);
            if (participant.ballot() != null && before.participants().get(i).ballot() == null) {
                voters = voters.isEmpty() ? new ArrayList<>(1) : voters;
                voters.add(participant);
            }
        }
        return voters;
    }
}
