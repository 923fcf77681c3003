package dtc.console;

import dtc.coordinator.CoordinatorEffect;
import dtc.coordinator.CoordinatorEvent;
import dtc.coordinator.Step;
import dtc.coordinator.TransactionState;
import dtc.coordinator.WriteResult;
import dtc.protocol.Outcome;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Something that happened to a transaction. Stored as data, and described only when a page shows it. */
sealed interface Moment {

    /** Elapsed time since the transaction began, or was recovered from the log. */
    long nanos();

    /**
     * An event that changed something. Does not refer to the {@link Step}, whose transaction has a list of all
     * participants.
     *
     * @param write the result, if the event is a write
     * @param asked the participants that were asked for their votes
     * @param isLast whether nothing followed from the event
     */
    record Applied(
            long nanos,
            CoordinatorEvent event,
            @Nullable WriteResult write,
            List<String> asked,
            boolean isLast,
            TransactionState before,
            TransactionState after)
            implements Moment {

        static Applied of(long nanos, CoordinatorEvent event, Step step, TransactionState before) {
            return new Applied(
                    nanos,
                    event,
                    step.write(),
                    asked(step),
                    step.effects().isEmpty(),
                    before,
                    step.transaction().state());
        }

        private static List<String> asked(Step step) {
            return step.effects().stream()
                    .filter(CoordinatorEffect.RequestVote.class::isInstance)
                    .map(effect -> ((CoordinatorEffect.RequestVote) effect).resourceManager())
                    .toList();
        }

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
