package dtc.runtime.coordinator;

import dtc.coordinator.Transaction;
import dtc.protocol.Outcome;

/** What a call waits for, within {@link Coordinator.Settings#answerTimeout}. */
public enum Until {
    /** The decision is durable; it is being carried out. */
    DECIDED,
    /** All participants have carried out the decision. */
    APPLIED;

    boolean isReached(Transaction t) {
        return t.state().isFinal() || (this == DECIDED && t.decision() != Outcome.PENDING);
    }
}
