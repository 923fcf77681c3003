package dtc.runtime.coordinator;

import dtc.coordinator.Transaction;
import dtc.protocol.Outcome;
import java.time.Duration;

/**
 * The condition for which a call waits.
 *
 * @param timeout the maximum wait. {@link CoordinatorSettings#answerTimeout} also limits it
 */
public record WaitCondition(Until until, Duration timeout) {

    private static final Duration UNLIMITED = Duration.ofDays(1);

    public static final WaitCondition NONE = new WaitCondition(Until.NOW, UNLIMITED);
    public static final WaitCondition DECIDED = new WaitCondition(Until.DECIDED, UNLIMITED);
    public static final WaitCondition ENDED = new WaitCondition(Until.ENDED, UNLIMITED);

    /** The state of the transaction that a call waits for. */
    public enum Until {
        NOW,
        /** The decision is durable. Participants may not have received it. */
        DECIDED,
        ENDED
    }

    boolean isMet(Transaction t) {
        return switch (until) {
            case NOW -> true;
            case DECIDED -> t.state().isFinal() || t.decision() != Outcome.PENDING;
            case ENDED -> t.state().isFinal();
        };
    }
}
