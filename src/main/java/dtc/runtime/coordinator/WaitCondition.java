package dtc.runtime.coordinator;

import dtc.coordinator.Transaction;
import dtc.protocol.Outcome;

/** What a call waits for, up to {@link Coordinator.Settings#answerTimeout}. */
public enum WaitCondition {
    /** Does not wait. */
    NONE,
    /** The decision is durable. Participants may not have received it. */
    DECIDED,
    /** The transaction has ended. */
    ENDED;

    boolean isMet(Transaction t) {
        return switch (this) {
            case NONE -> true;
            case DECIDED -> t.state().isFinal() || t.decision() != Outcome.PENDING;
            case ENDED -> t.state().isFinal();
        };
    }
}
