package dtc.runtime.coordinator;

import dtc.coordinator.Transaction;
import dtc.protocol.Outcome;

/** The condition that a call waits for, at most for {@link Coordinator.Settings#answerTimeout}. */
public enum Until {
    /** The decision is durable. Participants may not have carried it out yet. */
    DECIDED,
    /** The transaction has ended. */
    APPLIED;

    boolean isReached(Transaction t) {
        return t.state().isFinal() || (this == DECIDED && t.decision() != Outcome.PENDING);
    }
}
