package dtc.runtime.coordinator;

import dtc.coordinator.Transaction;
import dtc.protocol.Outcome;

/** The condition that a call waits for, at most for {@link Coordinator.Settings#answerTimeout}. */
public enum Until {
    /** No condition. */
    NOW,
    /** The decision is durable. Participants may not have carried it out yet. */
    DECIDED,
    /** The transaction has ended. */
    APPLIED;

    boolean isReached(Transaction t) {
        return switch (this) {
            case NOW -> true;
            case DECIDED -> t.state().isFinal() || t.decision() != Outcome.PENDING;
            case APPLIED -> t.state().isFinal();
        };
    }
}
