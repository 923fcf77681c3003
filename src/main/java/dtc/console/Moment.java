package dtc.console;

import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Step;
import dtc.coordinator.TransactionState;
import dtc.protocol.Outcome;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Something that happened to a transaction. Stored as data, and described only when a page shows it. */
sealed interface Moment {

    /** Elapsed time since the transaction began, or was recovered from the log. */
    long nanos();

    /** An event that changed something. */
    record Applied(long nanos, CoordinatorEvent event, Step step, TransactionState before, TransactionState after)
            implements Moment {

        /** The participant that did not answer, if this is the event. */
        @Nullable
        String unanswered() {
            return event instanceof CoordinatorEvent.Unanswered e ? e.resourceManager() : null;
        }
    }

    /** The outcome was sent to a participant, for the first time ({@code number} 1) or again. */
    record Told(long nanos, String resourceManager, Outcome outcome, int number) implements Moment {}

    /** The outcome will be sent again after the pause, or if null, once the participant has registered again. */
    record Planned(
            long nanos, String resourceManager, @Nullable Duration pause) implements Moment {}

    /** Moments were dropped here: {@code writes} and their answers, or those before the latest. */
    record LeftOut(long nanos, int number, boolean writes) implements Moment {}
}
